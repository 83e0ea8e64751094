using System.Diagnostics;

namespace Dragonet.Bench.Targets;

/// <summary>This project, a new kernel for each run.</summary>
internal sealed class DragonetTarget(string command, bool strict)
    : Target(strict ? "strict" : "dragonet", strict ? "Dragonet strict" : "Dragonet")
{
    internal override string Version { get; } = FirstLine(command, "version");

    internal override ProcessStartInfo Command(string kit, string work, params string[] program)
    {
        var start = Start(work, [command, "run", "--isolation", strict ? "strict" : "default", "-v", $"{kit}:{kit}:ro", "-w", "/tmp", "--", .. program]);
        start.Environment["DOTNET_EnableDiagnostics"] = "0"; // as ./dragonet starts it
        return start;
    }
}
