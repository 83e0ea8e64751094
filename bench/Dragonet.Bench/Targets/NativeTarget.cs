using System.Diagnostics;
using System.IO;

namespace Dragonet.Bench.Targets;

/// <summary>The host itself.</summary>
internal sealed class NativeTarget() : Target("native", "native")
{
    internal override string Version { get; } = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();

    internal override ProcessStartInfo Command(string kit, string work, params string[] program) => Start(work, program);
}
