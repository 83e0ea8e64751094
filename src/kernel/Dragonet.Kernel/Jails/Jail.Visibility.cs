using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>
/// What a jail sees of the processes: its own, and those of the jails in it. Every look-up by number that a guest asks for goes through here;
/// whatever is outside does not exist for it (ESRCH).
/// </summary>
public sealed partial class Jail
{
    /// <summary>Whether processes of another jail exist for those of this one.</summary>
    public bool Sees(Jail other) => other == this || Parent is null || Contains(other);

    /// <summary>Whether a process exists for this jail.</summary>
    public bool Sees(Process process) => Sees(process.Jail);

    /// <summary>A task by tid, or null.</summary>
    public Task? FindTask(int tid) => Kernel.Pids.FindTask(tid) is { } task && Sees(task.Process.Jail) ? task : null;

    /// <summary>A process by pid, zombies included, or null.</summary>
    public Process? FindProcess(int pid) => Kernel.Pids.FindProcess(pid) is { } process && Sees(process.Jail) ? process : null;

    /// <summary>A process group by id, or null.</summary>
    public ProcessGroup? FindGroup(int id) => Kernel.Pids.FindGroup(id) is { } group && Sees(group.Session.Jail) ? group : null;

    /// <summary>Every process that it sees, by pid.</summary>
    public IEnumerable<Process> VisibleProcesses => Parent is null ? Kernel.Pids.Processes : Kernel.Pids.Processes.Where(Sees);

    /// <summary>How many tasks it sees.</summary>
    public int TaskCount => Parent is null ? Kernel.Pids.Count : (int)Threads.Held;

    /// <summary>The jail of whoever calls; jail 0 for the management side.</summary>
    public static Jail Of(ICaller caller, Kernel kernel) => caller is Task task ? task.Process.Jail : kernel.Jails.Root;
}
