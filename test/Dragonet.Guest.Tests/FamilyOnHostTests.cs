using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>The programs of test/guest on the host: there all tests of all of them pass.</summary>
public sealed class FamilyOnHostTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    public static TheoryData<string> Names => FamilyTests.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Passes(string name)
    {
        var binary = GuestPrograms.Build(name);
        var directory = Directory.CreateTempSubdirectory("dragonet-guest-");
        try
        {
            var outcome = HostTool.Run("env", ["--default-signal", binary], directory.FullName, s_limit);
            Assert.True(outcome.Status == 0, outcome.Output + outcome.Error);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
