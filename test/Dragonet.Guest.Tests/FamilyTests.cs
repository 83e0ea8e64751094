using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>The same binary on both kernels: what passes on the host is Linux's behaviour, so it must pass on ours.</summary>
public sealed class FamilyTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    public static TheoryData<string> Names => new(GuestPrograms.Names);

    [Theory]
    [MemberData(nameof(Names))]
    public void On_the_host(string name)
    {
        var binary = GuestPrograms.Build(name);
        var directory = Directory.CreateTempSubdirectory("dragonet-guest-");
        try
        {
            var outcome = HostTool.Run("env", ["--default-signal=PIPE", binary], directory.FullName, s_limit);
            Assert.True(outcome.Status == 0, outcome.Output + outcome.Error);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void On_Dragonet(string name) => Check(name, ChannelUse.Never);

    [Theory]
    [MemberData(nameof(Names))]
    public void On_Dragonet_by_bell(string name) => Check(name, ChannelUse.ByBell);

    [Theory]
    [MemberData(nameof(Names))]
    public void On_Dragonet_strict(string name) => Check(name, ChannelUse.Never, strict: true);

    [Theory]
    [MemberData(nameof(Names))]
    public void On_Dragonet_strict_with_channels(string name) => Check(name, ChannelUse.Always, strict: true);

    /// <summary>By the command, whose kernel process has confined itself, and with calls through shared memory: the fast way must do what
    /// the other one does.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void On_Dragonet_confined_with_channels(string name)
    {
        Assert.SkipWhen(Gaps.IsListed(name, "*"), "listed as a whole in test/guest/gaps.txt");
        var binary = GuestPrograms.Build(name);
        var outcome = Command.Run(["--channels", "always", "-v", $"{GuestPrograms.Binaries}:/guest:ro", "-w", "/tmp", "--", "/guest/" + Path.GetFileName(binary)], s_limit);
        var failed = Gaps.Unexpected(name, outcome);
        Assert.True(failed.Count == 0, $"{string.Join(", ", failed)}\n{outcome.Output}{outcome.Error}");
    }

    private static void Check(string name, ChannelUse channels, bool strict = false)
    {
        Assert.SkipWhen(Gaps.IsListed(name, "*"), "listed as a whole in test/guest/gaps.txt");
        var binary = GuestPrograms.Build(name);
        var outcome = GuestRunner.Run(
            new ProgramOptions { Arguments = ["/guest/" + Path.GetFileName(binary)], WorkingDirectory = "/tmp" },
            new KernelOptions { Strict = strict, Channels = channels, Volumes = [new Volume(GuestPrograms.Binaries, "/guest", ReadOnly: true)] },
            s_limit);
        var failed = Gaps.Unexpected(name, outcome);
        Assert.True(failed.Count == 0, $"{string.Join(", ", failed)}\n{outcome.Output}{outcome.Error}");
    }
}
