using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>The wait-queue registrations of a task's current call.</summary>
internal sealed class TaskWait(Task task) : PollWait
{
    private readonly List<WaitQueue.Entry> _entries = []; // touched only by the thread that runs the call
    private readonly TaskWaiter _waiter = new(task);
    private bool _added;

    /// <summary>Which events the registrations made by the next <see cref="Add"/> calls are limited to.</summary>
    public PollEvents Interest { get; set; } = PollEvents.All;

    /// <summary>True when something fired since <see cref="Reset"/>.</summary>
    public bool Fired => _waiter.Fired;

    /// <inheritdoc/>
    public override object? Caller => task;

    /// <inheritdoc/>
    public override void Add(WaitQueue queue, PollEvents interest = PollEvents.All, bool exclusive = false)
    {
        interest &= Interest | PollEvents.POLLERR | PollEvents.POLLHUP | PollEvents.POLLNVAL;
        foreach (var entry in _entries)
        {
            // One registration for a queue, unless this one waits for more.
            if (ReferenceEquals(entry.Queue, queue) && (entry.Interest & interest) == interest)
            {
                return;
            }
        }

        _entries.Add(queue.Add(_waiter, interest, exclusive));
        _added = true;
    }

    /// <summary>Before a run: forgets what fired.</summary>
    public void Reset() => _waiter.Rearm();

    /// <summary>True once when the last run registered somewhere new: the state must be looked at once more.</summary>
    public bool TakeAdded()
    {
        var added = _added;
        _added = false;
        return added;
    }

    /// <summary>Fires by itself: a deadline passed.</summary>
    public void FireTimeout() => _waiter.Mark();

    /// <summary>After the call: leaves every queue.</summary>
    public void Clear()
    {
        if (_entries.Count == 0)
        {
            return;
        }

        foreach (var entry in _entries)
        {
            entry.Queue.Remove(entry);
        }

        _entries.Clear();
        _added = false;
    }

    private sealed class TaskWaiter(Task task) : Waiter
    {
        private int _fired;

        public bool Fired => Volatile.Read(ref _fired) != 0;

        /// <summary>Done before the call looks at what it waits for: what fires from now on must not be forgotten with what fired before.</summary>
        public void Rearm()
        {
            if (Fired)
            {
                _ = Interlocked.Exchange(ref _fired, 0);
            }
        }

        public override bool Fire(WaitQueue.Entry entry, PollEvents events) => Mark();

        public bool Mark()
        {
            var first = Interlocked.Exchange(ref _fired, 1) == 0;
            task.MakeReady();
            return first;
        }
    }
}
