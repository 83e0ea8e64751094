using System.IO;

namespace Dragonet.Guest.Tests;

/// <summary>By the command, whose kernel process has confined itself, and with calls through shared memory: the fast way must do what
/// the other one does.</summary>
public sealed class FamilyConfinedTests : FamilyTests
{
    private protected override ProgramOutcome Run(string binary)
        => Command.Run(["--channels", "always", "-v", $"{GuestPrograms.Binaries}:/guest:ro", "-w", "/tmp", "--", "/guest/" + Path.GetFileName(binary)], s_limit);
}
