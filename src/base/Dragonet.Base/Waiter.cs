using Dragonet.Abi;

namespace Dragonet.Base;

/// <summary>Somebody who can be told that an event happened: a blocked task, an epoll item, a host thread.</summary>
public abstract class Waiter
{
    /// <summary>Called with the queue's lock held: mark, enqueue, return. Never take another lock than a leaf, never run kernel code.</summary>
    /// <returns>False when the waiter was marked already and an exclusive wake-up should go to another.</returns>
    public abstract bool Fire(WaitQueue.Entry entry, PollEvents events);
}
