using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Kernel;

/// <summary>
/// Deadlines that must be kept also where guests compute on all processors: who is over a limit of processor time is stopped at them. There
/// the host sometimes leaves a thread that it has woken waiting for its next tick, four milliseconds later. So two threads, on different
/// processors, sleep until the same time, and whichever comes first does what is to be done; the other finds nothing left. One callback
/// runs at a time, with no lock held that others use. Nobody wakes when nothing is to happen. Thread-safe.
/// </summary>
internal sealed class PromptTimers(Kernel kernel, Action drain) : IDisposable
{
    private readonly Lock _turn = new(); // held while callbacks run; before _lock
    private readonly Lock _lock = new(); // a leaf
    private readonly PriorityQueue<Action, long> _timers = new(); // guarded by _lock
    private readonly List<Sleeper> _sleepers = [];                // guarded by _lock
    private volatile bool _stopped;

    /// <summary>How many are armed.</summary>
    internal int Count
    {
        get
        {
            lock (_lock)
            {
                return _timers.Count;
            }
        }
    }

    /// <summary>Arms a timer.</summary>
    /// <param name="deadline">Monotonic nanoseconds.</param>
    /// <param name="callback">Runs at the deadline or a little later, never beside another one.</param>
    internal void Add(long deadline, Action callback)
    {
        if (!kernel.Clock.RunsByItself)
        {
            _ = kernel.Timers.Add(deadline, callback);
            return;
        }

        lock (_lock)
        {
            _timers.Enqueue(callback, deadline);
            if (_sleepers.Count == 0 && !_stopped)
            {
                Start();
            }

            foreach (var sleeper in _sleepers)
            {
                if (sleeper.Until > deadline)
                {
                    sleeper.Until = deadline; // one call is enough
                    sleeper.Alarm.Set();
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopped = true;
        lock (_lock)
        {
            _sleepers.ForEach(static sleeper => sleeper.Alarm.Set());
        }
    }

    private void Start()
    {
        var processors = kernel.HostProcessors.Count;
        for (var part = 0; part < Math.Min(2, processors); part++)
        {
            var sleeper = new Sleeper(kernel.Platform.CreateAlarm(kernel.Platform.Processors.Where((_, index) => processors == 1 || index % 2 == part)));
            _sleepers.Add(sleeper);
            new Thread(() => Loop(sleeper), 256 * 1024) { IsBackground = true, Name = "prompt timers" }.Start();
        }
    }

    private void Loop(Sleeper sleeper)
    {
        while (!_stopped)
        {
            long wait;
            lock (_turn)
            {
                while (TakeDue(sleeper, out wait) is { } due)
                {
                    due();
                    drain();
                }
            }

            sleeper.Alarm.Wait(wait);
        }

        lock (_lock)
        {
            _ = _sleepers.Remove(sleeper);
            sleeper.Alarm.Dispose();
        }
    }

    private Action? TakeDue(Sleeper sleeper, out long wait)
    {
        lock (_lock)
        {
            sleeper.Until = _timers.TryPeek(out _, out var deadline) ? deadline : long.MaxValue;
            wait = sleeper.Until == long.MaxValue ? long.MaxValue : deadline - kernel.Clock.MonotonicNanoseconds;
            return wait <= 0 ? _timers.Dequeue() : null;
        }
    }

    /// <summary>A thread, and until when it sleeps.</summary>
    private sealed class Sleeper(IHostAlarm alarm)
    {
        internal IHostAlarm Alarm { get; } = alarm;

        internal long Until { get; set; } // guarded by _lock
    }
}
