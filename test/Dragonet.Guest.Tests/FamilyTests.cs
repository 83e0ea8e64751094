using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>The same binary on both kernels: what passes on the host is Linux's behaviour, so it must pass on ours. A class for each way.</summary>
public abstract class FamilyTests
{
    private protected static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    public static TheoryData<string> Names => new(GuestPrograms.Names);

    [Theory]
    [MemberData(nameof(Names))]
    public void Passes(string name)
    {
        Assert.SkipWhen(Gaps.IsListed(name, "*"), "listed as a whole in test/guest/gaps.txt");
        var outcome = Run(GuestPrograms.Build(name));
        var failed = Gaps.Unexpected(name, outcome);
        Assert.True(failed.Count == 0, $"{string.Join(", ", failed)}\n{outcome.Output}{outcome.Error}");
    }

    private protected abstract ProgramOutcome Run(string binary);

    private protected static ProgramOutcome RunOnDragonet(string binary, ChannelUse channels, bool strict = false) => GuestRunner.Run(
        new ProgramOptions { Arguments = ["/guest/" + Path.GetFileName(binary)], WorkingDirectory = "/tmp" },
        new KernelOptions { Strict = strict, Channels = channels, Volumes = [new Volume(GuestPrograms.Binaries, "/guest", ReadOnly: true)] },
        s_limit);
}
