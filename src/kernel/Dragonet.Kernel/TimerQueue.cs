using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>
/// What happens later: deadlines of blocked calls, interval timers. One host thread sleeps until the earliest; an idle kernel
/// does not wake. Callbacks run on that thread with no lock held.
/// </summary>
public sealed class TimerQueue : IDisposable
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<KernelTimer, long> _timers = new(); // guarded by _lock
    private readonly IKernelClock _clock;
    private readonly Action _drain;
    private Thread? _thread; // guarded by _lock
    private long _sleepingUntil = long.MaxValue; // guarded by _lock
    private int _cancelled; // guarded by _lock
    private volatile bool _stopped;

    internal TimerQueue(IKernelClock clock, Action drain)
    {
        _clock = clock;
        _drain = drain;
    }

    /// <summary>Arms a timer.</summary>
    /// <param name="deadline">Monotonic nanoseconds.</param>
    /// <param name="callback">Runs at the deadline or a little later.</param>
    public KernelTimer Add(long deadline, Action callback)
    {
        var timer = new KernelTimer(this, deadline, callback);
        lock (_lock)
        {
            _timers.Enqueue(timer, deadline);
            if (!_clock.RunsByItself)
            {
                return timer;
            }

            if (_thread is null && !_stopped)
            {
                _thread = new Thread(Loop, 256 * 1024) { IsBackground = true, Name = "timers" };
                _thread.Start();
            }
            else if (deadline < _sleepingUntil)
            {
                _clock.Wake();
            }
        }

        return timer;
    }

    /// <summary>How many are armed.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _timers.Count - _cancelled;
            }
        }
    }

    /// <summary>Monotonic nanoseconds of the earliest deadline; null when nothing is to happen.</summary>
    public long? NextDeadline
    {
        get
        {
            lock (_lock)
            {
                return PeekLocked(out var deadline) ? deadline : null;
            }
        }
    }

    /// <summary>Runs what is due now, for a clock that somebody moves by hand.</summary>
    public void RunDue()
    {
        while (TakeDue(out _) is { } due)
        {
            due();
            _drain();
        }
    }

    internal void Cancel(KernelTimer timer)
    {
        lock (_lock)
        {
            if (timer.Cancelled)
            {
                return;
            }

            timer.Forget();
            if (++_cancelled > 1024 && _cancelled > _timers.Count / 2)
            {
                // Cancelled timers leave when they reach the top; many of them are swept out at once.
                var live = _timers.UnorderedItems.Where(item => !item.Element.Cancelled).ToArray();
                _timers.Clear();
                _timers.EnqueueRange(live);
                _cancelled = 0;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopped = true;
        _clock.Wake();
    }

    private void Loop()
    {
        while (!_stopped)
        {
            if (TakeDue(out var wait) is { } due)
            {
                due();
                _drain();
            }
            else
            {
                _clock.Sleep(wait);
            }
        }
    }

    /// <summary>Takes the earliest timer when its time has come.</summary>
    /// <param name="wait">Else how long that will be.</param>
    private Action? TakeDue(out long wait)
    {
        lock (_lock)
        {
            _sleepingUntil = PeekLocked(out var deadline) ? deadline : long.MaxValue;
            wait = _sleepingUntil == long.MaxValue ? long.MaxValue : _sleepingUntil - _clock.MonotonicNanoseconds;
            if (wait > 0)
            {
                return null;
            }

            return _timers.Dequeue().Take();
        }
    }

    /// <summary>Looks at the earliest timer; cancelled ones leave when they reach the top.</summary>
    private bool PeekLocked(out long deadline)
    {
        while (_timers.TryPeek(out var top, out deadline) && top.Cancelled)
        {
            _ = _timers.Dequeue();
            _cancelled = Math.Max(0, _cancelled - 1);
        }

        return _timers.Count > 0;
    }
}
