namespace Dragonet.Kernel;

/// <summary>Objects that belong to one process and end with it.</summary>
public sealed partial class Process
{
    private ProcessTimers? _timers;

    /// <summary>Its timers; made at first use.</summary>
    public ProcessTimers Timers => Volatile.Read(ref _timers) ?? Interlocked.CompareExchange(ref _timers, new ProcessTimers(this), null) ?? _timers!;

    /// <summary>Exec: what does not survive it.</summary>
    public void ResetObjectsForExec() => Volatile.Read(ref _timers)?.DeleteAll();

    /// <summary>The process has ended: nothing of it may happen later.</summary>
    internal void ReleaseObjects() => Volatile.Read(ref _timers)?.StopAll();

    /// <summary>Counts expirations of a POSIX timer whose signal is still pending.</summary>
    /// <returns>False when it is not pending: it is to be sent.</returns>
    internal bool AddTimerOverruns(Task? target, int signal, int timerId, long count)
    {
        using (Kernel.TreeLock.Enter())
        {
            return (target?.Pending ?? Pending).AddOverruns(signal, timerId, count);
        }
    }
}
