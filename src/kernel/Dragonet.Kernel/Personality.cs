using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Kernel;

/// <summary>The ABI that guests see (Linux). The kernel core knows no system call by name.</summary>
public abstract class Personality
{
    /// <summary>Runs one call for a task. May be called again with the same call after it returned blocked.</summary>
    public abstract SysResult Dispatch(Task task, in SystemCall call);

    /// <summary>True for calls that may wait for an event, and end with EINTR when a signal comes instead.</summary>
    public virtual bool MayWait(int number) => false;

    /// <summary>A task stopped in a full trap: deliver its signals, then resume it.</summary>
    public abstract void OnTrap(Task task, in Trap trap);

    /// <summary>A task is ending and its memory is still there: robust futexes, the clear-tid word.</summary>
    /// <param name="task">The task.</param>
    /// <param name="group">True when the whole process ends.</param>
    public abstract void OnTaskExit(Task task, bool group);
}
