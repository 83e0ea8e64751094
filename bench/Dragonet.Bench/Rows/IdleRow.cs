using System.Threading;
using Dragonet.Bench.Targets;

namespace Dragonet.Bench.Rows;

/// <summary>A system whose only program sleeps: what it holds, or how often it wakes all the same.</summary>
internal sealed class IdleRow(string name, string title, Unit unit) : Row(name, title, unit)
{
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_watch = TimeSpan.FromSeconds(10);

    internal override Sample Measure(Target target, Workspace workspace)
    {
        using var process = workspace.Start(target, workspace.Micro, "idle");
        if (!process.WaitForLine("idle", s_limit))
        {
            return Sample.Failed(process.Failure);
        }

        Thread.Sleep(s_settle);
        var processes = ProcessTree.Of(process.Id).ToList();
        if (Unit == Unit.Megabytes)
        {
            return Sample.Of(ProcessTree.Memory(processes) / 1e6);
        }

        // A thread that ends meanwhile has woken once more at least; its count is gone, and counts as that.
        var before = ProcessTree.Switches(processes);
        Thread.Sleep(s_watch);
        var after = ProcessTree.Switches(processes);
        var ended = before.Keys.Except(after.Keys).Count();
        return Sample.Of((after.Sum(thread => thread.Value - before.GetValueOrDefault(thread.Key)) + ended) / s_watch.TotalSeconds);
    }
}
