namespace Dragonet.Guest.Tests;

/// <summary>Every call goes to the kernel.</summary>
public sealed class FamilyStrictTests : FamilyTests
{
    private protected override ProgramOutcome Run(string binary) => RunOnDragonet(binary, ChannelUse.Never, strict: true);
}
