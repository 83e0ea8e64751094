namespace Dragonet.Kernel;

/// <summary>
/// Keeps a jail within its per cent of processors (pcpu:deny). The jail has a budget of nanoseconds, which grows with time and shrinks by what
/// its processes used, as the host counts it. Without budget it is held until there is enough for a slice. What it used too much is owed, and
/// what it could not use, because it was let go late or others had the processors, is carried on for a while: so the mean is right whatever the
/// time of a look; a slice is short, so it is right in any half second, too. Nothing happens while every task of the jail waits in the kernel.
/// The host counts the time of a thread that runs on another processor only at its ticks, every four milliseconds or so, which is a whole slice;
/// of one that was stopped it knows all. So a run ends when it should have had enough, going by how fast the last ones used time, and what it
/// did use is seen in the pause.
/// </summary>
internal sealed class CpuLimit(Jail jail)
{
    private const long Period = 4_000_000;      // nanoseconds of a run and a pause together
    private const long LeastSlice = 500_000;    // processor time of a run
    private const long LongestIdle = 50_000_000;
    private const long Carried = 5_000_000;     // what it did not use of so much time is not lost: with a slice less than 2 per cent of half a second
    private const long MostUnseen = 4_000_000;  // of each processor: a tick of the host

    private readonly Kernel _kernel = jail.Kernel;
    private long _percent = long.MaxValue;
    private bool _running; // a timer is armed, or its callback runs
    private bool _held;    // only timers use it, as all below
    private long _budget = long.MaxValue;
    private long _time;
    private long _used;
    private int _quiet;
    private long _quietTime;
    private long _quietUsed;
    private double _speed = 1; // processors that it used when it ran last
    private long _runTime;     // when it was let go, and what it had had then
    private long _runUsed;
    private long _ranFor;      // the run before this pause

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

    private void Arm(long delay) => _kernel.PromptTimers.Add(_kernel.Clock.MonotonicNanoseconds + Math.Max(delay, 200_000), Look);

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
            (_runTime, _runUsed, _quietTime, _quietUsed) = (now, used, now, used);
        }

        var grown = (long)((now - _time) * rate);
        _budget = Math.Min(slice + (long)(rate * Carried), _budget + grown - (used - _used));
        (_time, _used) = (now, used);
        NoticeQuiet(now, used, rate);
        var rest = _budget;
        if (_held && _ranFor > 0)
        {
            var speed = (double)(used - _runUsed) / _ranFor;
            _speed = Math.Clamp(Math.Max(speed, (_speed + speed) / 2), 0.1, _kernel.HostProcessors.Count);
            _ranFor = 0;
        }
        else if (!_held)
        {
            rest -= Math.Clamp((long)(_speed * (now - _runTime)) - (used - _runUsed), 0, (long)(_speed * MostUnseen));
        }

        if (rest <= 0 || (_held && rest < slice))
        {
            _ranFor = _held ? 0 : now - _runTime;
            Hold(true);
            Arm((long)((slice - rest) / rate));
            return;
        }

        if (_held)
        {
            (_runTime, _runUsed) = (now, used);
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

        // The budget lasts so long, even when one more thread begins to run. Who sleeps in a futex of the host is looked at more and more seldom.
        Arm(Math.Min((long)(rest / Math.Min(_kernel.HostProcessors.Count, _speed + (rest > LeastSlice ? 1 : 0))) << _quiet, LongestIdle));
    }

    /// <summary>It hardly ran for two ticks of the host, or for many times that.</summary>
    private void NoticeQuiet(long now, long used, double rate)
    {
        if (_held)
        {
            (_quiet, _quietTime, _quietUsed) = (0, now, used);
        }
        else if (now - _quietTime > 2 * MostUnseen)
        {
            _quiet = used - _quietUsed < (now - _quietTime) * rate / 20 ? Math.Min(_quiet + 1, 10) : 0;
            (_quietTime, _quietUsed) = (now, used);
        }
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
