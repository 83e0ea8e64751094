using System.Globalization;
using Dragonet.Bench.Targets;

namespace Dragonet.Bench.Rows;

/// <summary>A script of bench/workloads: the milliseconds of its timed part, which it prints.</summary>
internal sealed class WorkloadRow(string name, string title) : Row(name, title, Unit.Milliseconds)
{
    internal override Sample Measure(Target target, Workspace workspace)
    {
        using var process = workspace.Start(target, "/bin/sh", workspace.Script(Name));
        if (process.ReadToEnd(s_limit) is not { } output)
        {
            return Sample.Failed(process.Failure);
        }

        // The last line that is a number: a kernel may speak behind it.
        foreach (var line in output.Split('\n').Reverse())
        {
            if (long.TryParse(line.Trim(), CultureInfo.InvariantCulture, out var milliseconds))
            {
                return Sample.Of(Math.Max(milliseconds, 1));
            }
        }

        return Sample.Failed("no figure in the output");
    }
}
