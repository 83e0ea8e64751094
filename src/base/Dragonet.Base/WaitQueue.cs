using Dragonet.Abi;

namespace Dragonet.Base;

/// <summary>
/// Who waits for an event. Owners change their state, then <see cref="Wake"/>; waiters register, then look at the state.
/// Thread-safe; a leaf in the lock order, so it may be called under any lock. Waking runs nothing: it only marks waiters.
/// </summary>
public sealed class WaitQueue
{
    private readonly Lock _lock = new();
    private Entry? _head; // guarded by _lock
    private Entry? _tail; // guarded by _lock

    /// <summary>True when nobody waits (a hint: may change at once).</summary>
    public bool IsEmpty => Volatile.Read(ref _head) is null;

    /// <summary>Adds a waiter; the entry is removed by <see cref="Remove"/>.</summary>
    /// <param name="exclusive">When true, <see cref="Wake"/> with a count stops after waking that many exclusive waiters.</param>
    public Entry Add(Waiter waiter, PollEvents interest = PollEvents.All, bool exclusive = false)
    {
        var entry = new Entry(this, waiter, interest, exclusive);
        lock (_lock)
        {
            entry.Previous = _tail;
            if (_tail is null)
            {
                _head = entry;
            }
            else
            {
                _tail.Next = entry;
            }

            _tail = entry;
            entry.Linked = true;
        }

        return entry;
    }

    /// <summary>Removes an entry; harmless when it is gone already.</summary>
    public void Remove(Entry entry)
    {
        lock (_lock)
        {
            if (!entry.Linked)
            {
                return;
            }

            if (entry.Previous is null)
            {
                _head = entry.Next;
            }
            else
            {
                entry.Previous.Next = entry.Next;
            }

            if (entry.Next is null)
            {
                _tail = entry.Previous;
            }
            else
            {
                entry.Next.Previous = entry.Previous;
            }

            entry.Linked = false;
        }
    }

    /// <summary>Marks the waiters that are interested in any of <paramref name="events"/>: all of the shared ones and up to
    /// <paramref name="exclusive"/> of the exclusive ones, oldest first.</summary>
    /// <returns>How many were marked.</returns>
    public int Wake(PollEvents events = PollEvents.All, int exclusive = int.MaxValue)
    {
        // What the owner has changed must be there for all before it is seen that nobody waits: who registers meanwhile looks afterwards.
        Interlocked.MemoryBarrier();
        if (IsEmpty)
        {
            return 0;
        }

        var woken = 0;
        lock (_lock)
        {
            for (var entry = _head; entry is not null && exclusive > 0; entry = entry.Next)
            {
                if ((entry.Interest & events) == 0 || !entry.Waiter.Fire(entry, events))
                {
                    continue;
                }

                woken++;
                if (entry.Exclusive)
                {
                    exclusive--;
                }
            }
        }

        return woken;
    }

    /// <summary>One registration.</summary>
    public sealed class Entry
    {
        internal Entry(WaitQueue queue, Waiter waiter, PollEvents interest, bool exclusive)
        {
            Queue = queue;
            Waiter = waiter;
            Interest = interest;
            Exclusive = exclusive;
        }

        /// <summary>The queue it is in.</summary>
        public WaitQueue Queue { get; }

        /// <summary>Who is told.</summary>
        public Waiter Waiter { get; }

        /// <summary>Which events matter.</summary>
        public PollEvents Interest { get; }

        /// <summary>Counts against the number of exclusive wake-ups.</summary>
        public bool Exclusive { get; }

        /// <summary>Anything the waiter wants to find again.</summary>
        public object? Tag { get; set; }

        internal Entry? Next { get; set; }

        internal Entry? Previous { get; set; }

        internal bool Linked { get; set; }
    }
}
