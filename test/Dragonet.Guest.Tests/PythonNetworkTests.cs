using System.IO;
using System.Text.RegularExpressions;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>Python's own tests of sockets, unmodified, in a guest.</summary>
public sealed partial class PythonNetworkTests
{
    /// <summary>Python's own tests. What fails is compared with test/corpus/python-failures.txt. DRAGONET_LONG=1: asyncio's, too, which take minutes.</summary>
    [Theory]
    [InlineData("test_socket")]
    [InlineData("test_ssl")]
    [InlineData("test_ftplib")]
    [InlineData("test_httplib")]
    [InlineData("test_socketserver")]
    [InlineData("test_asyncio")]
    public void Python_finds_its_sockets_right(string module)
    {
        HostTool.Require("python3.11", "python3.11");
        Assert.SkipUnless(module != "test_asyncio" || Environment.GetEnvironmentVariable("DRAGONET_LONG") == "1", "takes minutes: DRAGONET_LONG=1");
        Assert.SkipUnless(File.Exists("/usr/lib/python3.11/test/test_socket.py") || Environment.GetEnvironmentVariable("CI") == "true", "install the package libpython3.11-testsuite");
        var output = NetworkProgramTests.Run($"cd /tmp; python3.11 -m unittest -v test.{module} 2>&1");
        Assert.True(Summary().IsMatch(output), output);
        var failed = Failure().Matches(output).Select(match => match.Groups[1].Value).Distinct().Order(StringComparer.Ordinal);
        var known = File.ReadLines(Path.Combine(Repository.Root, "test/corpus/python-failures.txt")).Where(line => !line.StartsWith('#')).Select(line => line.Split(' '))
            .Where(words => words[0] == module).Select(words => words[1]).Order(StringComparer.Ordinal);
        Assert.Equal(known, failed);
    }

    [GeneratedRegex("^Ran [1-9][0-9]* tests? in", RegexOptions.Multiline)]
    private static partial Regex Summary();

    [GeneratedRegex(@"^(?:ERROR|FAIL): (\S+)", RegexOptions.Multiline)]
    private static partial Regex Failure();
}
