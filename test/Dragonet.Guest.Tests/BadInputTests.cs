using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>What the command says to bad input: one clear line, and the status that env(1) and its kin have.</summary>
public sealed class BadInputTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(127, "no-such-program", "--", "no-such-program")]
    [InlineData(127, "/none/such", "--", "/none/such")]
    [InlineData(126, "/etc/passwd", "--", "/etc/passwd")]
    [InlineData(126, "/etc", "--", "/etc")]
    [InlineData(126, "/case/aarch64", "-v", "{place}:/case:ro", "--", "/case/aarch64")]
    [InlineData(126, "/case/truncated", "-v", "{place}:/case:ro", "--", "/case/truncated")]
    [InlineData(126, "/case/garbage", "-v", "{place}:/case:ro", "--", "/case/garbage")]
    [InlineData(125, "--no-such-option", "--no-such-option", "--", "true")]
    [InlineData(125, "-Z", "-Z", "--", "true")]
    [InlineData(125, "no command")]
    [InlineData(125, "no command", "--")]
    [InlineData(125, "--memory", "-m", "lots", "--", "true")]
    [InlineData(125, "--memory", "-m", "-1", "--", "true")]
    [InlineData(125, "--memory", "-m", "0", "--", "true")]
    [InlineData(125, "is too little: a kernel needs 16M at least", "-m", "4k", "--", "true")]
    [InlineData(125, "--memory", "-m", "1e9G", "--", "true")]
    [InlineData(125, "--memory", "-m", "", "--", "true")]
    [InlineData(125, "--timeout", "--timeout", "soon", "--", "true")]
    [InlineData(125, "--timeout", "--timeout", "-5s", "--", "true")]
    [InlineData(125, "--timeout", "--timeout", "0", "--", "true")]
    [InlineData(125, "--cpus", "--cpus", "0", "--", "true")]
    [InlineData(125, "--isolation", "--isolation", "perfect", "--", "true")]
    [InlineData(125, "{place}/none", "-v", "{place}/none:/x", "--", "true")]
    [InlineData(125, "--volume", "-v", "{place}", "--", "true")]
    [InlineData(125, "--volume", "-v", "{place}:relative", "--", "true")]
    [InlineData(125, "--volume", "-v", "{place}:/x:maybe", "--", "true")]
    [InlineData(125, "{place}/none", "--root", "{place}/none", "--", "true")]
    [InlineData(127, "/bin/sh", "--root", "{place}/empty", "--", "/bin/sh")]
    [InlineData(127, "sh", "--root", "{place}/empty", "--", "sh")]
    [InlineData(125, "{place}/none/trace", "--strace={place}/none/trace", "--", "true")]
    [InlineData(125, "--strace", "--strace=/", "--", "true")]
    [InlineData(125, "/none/such", "-w", "/none/such", "--", "true")]
    [InlineData(125, "nobody-at-all", "-u", "nobody-at-all", "--", "true")]
    [InlineData(125, "-t", "-t", "--", "true")]
    public void Bad_input_gets_one_line(int status, string named, params string[] arguments)
    {
        var place = Directory.CreateTempSubdirectory("dragonet-input-");
        try
        {
            _ = place.CreateSubdirectory("empty");
            var program = File.ReadAllBytes("/bin/true");
            Write("truncated", program[..200]);
            program[18] = 183; // e_machine: EM_AARCH64
            Write("aarch64", program);
            Write("garbage", [1, 2, 3, 4]);
            var outcome = Command.Run(arguments.Select(Fill), s_limit);
            var line = Assert.Single(outcome.Error.TrimEnd('\n').Split('\n'));
            Assert.StartsWith("dragonet: ", line, StringComparison.Ordinal);
            Assert.Contains(Fill(named), line, StringComparison.Ordinal);
            Assert.Equal("", outcome.Output);
            Assert.Equal(status, outcome.Status);

            string Fill(string text) => text.Replace("{place}", place.FullName, StringComparison.Ordinal);

            void Write(string name, byte[] bytes)
            {
                var path = Path.Combine(place.FullName, name);
                File.WriteAllBytes(path, bytes);
                File.SetUnixFileMode(path, (UnixFileMode)0x1ed); // 0755
            }
        }
        finally
        {
            place.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("--root", "{place}/locked")]
    [InlineData("-v", "{place}/locked/inside:/x")]
    public void What_we_may_not_read_is_named(string option, string value)
    {
        Assert.SkipWhen(Environment.UserName == "root", "root may read everything");
        var place = Directory.CreateTempSubdirectory("dragonet-input-");
        var locked = place.CreateSubdirectory("locked");
        _ = locked.CreateSubdirectory("inside");
        try
        {
            File.SetUnixFileMode(locked.FullName, UnixFileMode.None);
            var outcome = Command.Run([option, value.Replace("{place}", place.FullName, StringComparison.Ordinal), "--", "true"], s_limit);
            var line = Assert.Single(outcome.Error.TrimEnd('\n').Split('\n'));
            Assert.Contains(locked.FullName, line, StringComparison.Ordinal);
            Assert.Equal("", outcome.Output);
            Assert.InRange(outcome.Status, 125, 127);
        }
        finally
        {
            File.SetUnixFileMode(locked.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            place.Delete(recursive: true);
        }
    }
}
