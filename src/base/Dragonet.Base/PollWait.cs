using Dragonet.Abi;

namespace Dragonet.Base;

/// <summary>Collects the wait queues that a poll looks at. Implemented by whoever polls: a blocked task or an epoll item.</summary>
public abstract class PollWait
{
    /// <summary>On whose behalf the poll runs (a task), when that is known: signalfd(2) looks at the poller's own signals.</summary>
    public virtual object? Caller => null;

    /// <summary>Registers with one queue. Called before the state is examined, so that no event is lost.</summary>
    public abstract void Add(WaitQueue queue, PollEvents interest = PollEvents.All, bool exclusive = false);
}
