using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>
/// A timer that expires once or again and again, by the monotonic clock or by a clock of CPU time. CPU time is sampled: a
/// kernel timer is armed for the moment at which the CPU time could be used up. Thread-safe.
/// </summary>
/// <param name="kernel">The kernel.</param>
/// <param name="expired">Told, with no lock held, how many intervals passed unnoticed since the last expiration (overruns).</param>
/// <param name="cpuTime">Reads the CPU time in nanoseconds; null for the monotonic clock.</param>
/// <param name="parallel">How many threads may use CPU time at once.</param>
public sealed class IntervalTimer(Kernel kernel, Action<long> expired, Func<long>? cpuTime = null, Func<int>? parallel = null)
{
    /// <summary>Shorter intervals are counted as overruns, so that a guest cannot keep the timer thread busy.</summary>
    private const long LeastWait = 100_000;

    /// <summary>CPU time is not sampled more often.</summary>
    private const long LeastSample = 1_000_000;

    private readonly KernelLock _lock = new(LockRank.Object);
    private readonly Lock _telling = new(); // held while an expiration is told, outside of every other lock
    private KernelTimer? _timer; // guarded by _lock
    private long _next;          // guarded by _lock: in the timer's clock; 0 when disarmed
    private long _interval;      // guarded by _lock
    private int _generation;     // guarded by _lock: a callback of an older setting does nothing

    /// <summary>The timer's clock.</summary>
    public long Now => cpuTime?.Invoke() ?? kernel.Clock.MonotonicNanoseconds;

    private int Threads => Math.Max(parallel?.Invoke() ?? 1, 1);

    /// <summary>
    /// Arms it at a time of its clock, or disarms it with 0. When it returns, no expiration of the old setting is told any more. The
    /// caller holds no lock that telling may need.
    /// </summary>
    /// <returns>What was left, and the interval, of the old setting.</returns>
    public (long Value, long Interval) Set(long next, long interval)
    {
        using var telling = _telling.EnterScope();
        var now = Now;
        var threads = Threads;
        using (_lock.Enter())
        {
            var old = (LeftLocked(now), _interval);
            _timer?.Cancel();
            _timer = null;
            _generation++;
            _next = next;
            _interval = interval;
            ArmLocked(now, threads);
            return old;
        }
    }

    /// <summary>Arms it from now on, or disarms it with 0.</summary>
    public (long Value, long Interval) SetRelative(long value, long interval) => Set(value == 0 ? 0 : ClockMath.Add(Now, value), interval);

    /// <summary>What is left until the next expiration, and the interval.</summary>
    public (long Value, long Interval) Get()
    {
        var now = Now;
        using (_lock.Enter())
        {
            return (LeftLocked(now), _interval);
        }
    }

    private long LeftLocked(long now)
    {
        if (_next == 0)
        {
            return 0;
        }

        var left = _next - now;
        if (left <= 0 && _interval > 0)
        {
            left += (-left / _interval + 1) * _interval;
        }

        // An expiration that is about to be told is not "disarmed".
        return Math.Max(left, 1);
    }

    private void ArmLocked(long now, int threads)
    {
        if (_next == 0)
        {
            return;
        }

        var wait = Math.Max(_next - now, 0);
        if (cpuTime is not null)
        {
            wait = Math.Max(wait / threads, LeastSample);
        }

        var generation = _generation;
        _timer = kernel.Timers.Add(ClockMath.Add(kernel.Clock.MonotonicNanoseconds, wait), () => OnTimer(generation));
    }

    private void OnTimer(int generation)
    {
        using var telling = _telling.EnterScope();
        var now = Now;
        var threads = Threads;
        long overruns = 0;
        using (_lock.Enter())
        {
            if (generation != _generation || _next == 0)
            {
                return;
            }

            if (now < _next)
            {
                ArmLocked(now, threads);
                return;
            }

            if (_interval == 0)
            {
                _next = 0;
            }
            else
            {
                var step = Math.Max(now - _next, 0) / _interval;
                if (_interval < LeastWait)
                {
                    step = Math.Max(step, LeastWait / _interval);
                }

                overruns = step;
                _next += (step + 1) * _interval;
                ArmLocked(now, threads);
            }
        }

        expired(overruns);
    }
}
