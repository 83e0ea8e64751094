namespace Dragonet.Guest.Tests;

/// <summary>Calls through shared memory; nobody spins.</summary>
public sealed class FamilyByBellTests : FamilyTests
{
    private protected override ProgramOutcome Run(string binary) => RunOnDragonet(binary, ChannelUse.ByBell);
}
