using System.Diagnostics;
using Dragonet.Bench.Targets;

namespace Dragonet.Bench.Rows;

/// <summary>From the start of the command to the first line of a small static program: the boot, and the way of one line out.</summary>
internal sealed class BootRow() : Row("boot", "boot to the first line of a guest", Unit.Milliseconds)
{
    internal override Sample Measure(Target target, Workspace workspace)
    {
        var start = Stopwatch.GetTimestamp();
        using var process = workspace.Start(target, workspace.Micro, "first");
        return process.WaitForLine("first", s_limit) ? Sample.Of(Stopwatch.GetElapsedTime(start).TotalMilliseconds) : Sample.Failed(process.Failure);
    }
}
