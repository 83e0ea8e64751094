namespace Dragonet.Kernel;

/// <summary>
/// Keeps a jail within its per cent of processors (pcpu:deny). The jail has a budget of nanoseconds, which grows with time and shrinks by what
/// its processes used, as the host counts it. Without budget it is held until there is enough for a slice. What it used too much is owed, and
/// what it could not use, because it was let go late or others had the processors, is carried on for a while: so the mean is right whatever the
/// time of a look; a slice is short, so it is right in any half second, too. Nothing happens while every task of the jail waits in the kernel.
/// </summary>
internal sealed class CpuLimit(Jail jail)
{
    private const long Period = 10_000_000;     // nanoseconds of a run and a pause together
    private const long LeastSlice = 1_000_000;  // processor time of a run
    private const long LongestIdle = 50_000_000;
    private const long Carried = 10_000_000;    // what it did not use of so much time is not lost: 2 per cent of half a second at most

    private readonly Kernel _kernel = jail.Kernel;
    private long _percent = long.MaxValue;
    private bool _running; // a timer is armed, or its callback runs
    private bool _held;    // only the timer's thread uses it, as all below
    private long _budget = long.MaxValue;
    private long _time;
    private long _used;
    private int _quiet;

    /// <summary>Per cent of one processor; <see cref="long.MaxValue"/> for no limit.</summary>
    internal long Percent
    {
        get => Interlocked.Read(ref _percent);
        set
        {
            if (Interlocked.Exchange(ref _percent, value) != value)
            {
                Wake();
            }
        }
    }

    /// <summary>Guest code of the jail is about to run.</summary>
    internal void Wake()
    {
        if (!Volatile.Read(ref _running) && !Interlocked.Exchange(ref _running, true))
        {
            Arm(LeastSlice);
        }
    }

    private void Arm(long delay) => _ = _kernel.Timers.Add(_kernel.Clock.MonotonicNanoseconds + Math.Max(delay, 200_000), Look);

    private void Look()
    {
        var percent = Percent;
        if (percent == long.MaxValue || jail.IsGone)
        {
            Hold(false);
            _budget = long.MaxValue;
            Volatile.Write(ref _running, false);
            if (Percent != percent)
            {
                Wake();
            }

            return;
        }

        // A limit of nothing at all: a thousandth of a processor, so that the jail can be stopped by a signal.
        var rate = Math.Max(percent / 100.0, 0.001);
        var slice = Math.Max((long)(rate * Period), LeastSlice);
        var (now, used) = (_kernel.Clock.MonotonicNanoseconds, jail.Cpu.Used);
        if (_budget == long.MaxValue)
        {
            (_budget, _time, _used) = (slice, now, used);
        }

        var grown = (long)((now - _time) * rate);
        _budget = Math.Min(slice + (long)(rate * Carried), _budget + grown - (used - _used));
        _quiet = used - _used < grown / 20 && !_held ? Math.Min(_quiet + 1, 10) : 0;
        (_time, _used) = (now, used);
        if (_budget <= 0 || (_held && _budget < slice))
        {
            Hold(true);
            Arm((long)((slice - _budget) / rate));
            return;
        }

        Hold(false);
        if (_quiet > 2 && AllParked())
        {
            Volatile.Write(ref _running, false);
            Interlocked.MemoryBarrier();
            if (AllParked() || Interlocked.Exchange(ref _running, true))
            {
                return;
            }
        }

        // The budget lasts so long at least. Who sleeps in a futex of the host is looked at more and more seldom.
        Arm(Math.Min((_budget / _kernel.HostProcessors.Count) << _quiet, LongestIdle));
    }

    private void Hold(bool hold)
    {
        if (_held != hold)
        {
            _held = hold;
            jail.Cpu.SetOverLimit(hold);
        }
    }

    private bool AllParked()
    {
        foreach (var process in _kernel.Jails.ProcessesIn(jail))
        {
            if (!process.IsStopped && !process.IsExiting && !process.GetTasks().All(static task => task.IsParked))
            {
                return false;
            }
        }

        return true;
    }
}
