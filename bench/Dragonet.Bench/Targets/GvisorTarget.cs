using System.Diagnostics;

namespace Dragonet.Bench.Targets;

/// <summary>gVisor with systrap, on the host's files under its in-memory overlay.</summary>
internal sealed class GvisorTarget() : Target("gvisor", "gVisor")
{
    internal override string Version { get; } = FirstLine("runsc", "--version");

    internal override ProcessStartInfo Command(string kit, string work, params string[] program)
        => Start(work, ["runsc", "--platform=systrap", "--network=none", "--ignore-cgroups", "do", .. program]);
}
