namespace Dragonet.Base;

/// <summary>What a blocked call does when a signal interrupts it (signal(7), "Interruption of system calls").</summary>
public enum RestartKind
{
    /// <summary>ERESTARTSYS: restarted when the handler has SA_RESTART, else EINTR.</summary>
    Restart = 0,

    /// <summary>ERESTARTNOHAND and the calls that always answer EINTR when a handler runs (poll, select, epoll_wait, pause, nanosleep …).</summary>
    Interrupt = 1,

    /// <summary>Only a fatal signal ends the wait (vfork's parent).</summary>
    Killable = 2,

    /// <summary>ERESTARTNOINTR: restarted after any handler; the call never answers EINTR (taking a lock).</summary>
    Always = 3,
}
