using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc/PID/stat and statm.</summary>
internal static class StatText
{
    private const long Tick = 10_000_000;
    private const long Page = 4096;

    /// <summary>The 52 fields of proc_pid_stat(5).</summary>
    internal static string Make(Subject subject, ICaller caller)
    {
        var process = subject.Process;
        var task = subject.Task;
        var (user, system) = process.CpuTime;
        var (childUser, childSystem) = process.ChildrenTime;
        var usage = subject.Space?.GetUsage() ?? default;
        var layout = subject.MayInspect(caller) && subject.Space is not null ? process.Layout : ProgramLayout.Empty;
        var terminal = process.Session.Terminal;
        var (own, _) = task.PendingSets;
        var (ignored, caught) = StatusText.Dispositions(process);
        const ulong standard = 0x7fffffff; // these columns are older than real-time signals
        var priority = task.Policy is 1 or 2 ? -1 - task.RtPriority : 20 + process.Nice;
        var threads = process.IsZombie ? 0 : subject.Kernel.Pids.TasksOf(process).Count;
        return $"{subject.Id} ({task.Name}) {subject.State} {process.Parent?.Pid ?? 0} {process.Group.Id} {process.Session.Id} "
            + $"{(terminal is null ? 0 : DeviceNumber.Encode(terminal.Device))} {terminal?.Foreground?.Id ?? -1} {(process.HasExeced ? 0x400000 : 0x400040)} "
            + $"0 0 0 0 {user / Tick} {system / Tick} {childUser / Tick} {childSystem / Tick} {priority} {process.Nice} {Math.Max(threads, 1)} 0 "
            + $"{Math.Max(0, process.StartTime - Jail.Of(caller, subject.Kernel).StartTime) / Tick} {usage.Virtual} {usage.Resident / Page} {process.Limits[Rlimits.Rss].Soft} "
            + $"{layout.CodeStart} {layout.CodeEnd} {layout.StackStart} 0 0 {own & standard} {task.SignalMask & standard} {ignored & standard} {caught & standard} "
            + $"0 0 0 {process.ExitSignal} {(process.IsZombie || process == subject.Kernel.Init ? 0 : task.Processor)} {task.RtPriority} {task.Policy} 0 0 0 0 0 0 "
            + $"{layout.ArgStart} {layout.ArgEnd} {layout.EnvStart} {layout.EnvEnd} {(process.IsZombie ? process.ExitStatus : 0)}\n";
    }

    /// <summary>proc_pid_statm(5), in pages.</summary>
    internal static string Memory(Subject subject)
    {
        var usage = subject.Space?.GetUsage() ?? default;
        var layout = subject.Space is null ? ProgramLayout.Empty : subject.Process.Layout;
        var text = ((long)(layout.CodeEnd - layout.CodeStart) + Page - 1) / Page;
        return $"{usage.Virtual / Page} {usage.Resident / Page} {usage.Shared / Page} {text} 0 {usage.Data / Page} 0\n";
    }
}
