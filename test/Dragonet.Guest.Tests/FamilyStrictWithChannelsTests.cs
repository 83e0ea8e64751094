namespace Dragonet.Guest.Tests;

/// <summary>Every call goes to the kernel, frequent ones through shared memory.</summary>
public sealed class FamilyStrictWithChannelsTests : FamilyTests
{
    private protected override ProgramOutcome Run(string binary) => RunOnDragonet(binary, ChannelUse.Always, strict: true);
}
