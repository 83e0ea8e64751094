namespace Dragonet.Guest.Tests;

/// <summary>Every call by notification.</summary>
public sealed class FamilyOnDragonetTests : FamilyTests
{
    private protected override ProgramOutcome Run(string binary) => RunOnDragonet(binary, ChannelUse.Never);
}
