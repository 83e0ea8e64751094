using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>The timers of a process: setitimer(2) and timer_create(2). A fork's child has none; exec keeps the interval timers only.</summary>
public sealed class ProcessTimers
{
    private const long Second = 1_000_000_000;

    private readonly Process _process;
    private readonly IntervalTimer _cpuLimit;
    private readonly Lock _lock = new();
    private readonly Dictionary<int, PosixTimer> _timers = []; // guarded by _lock
    private int _nextId;                                       // guarded by _lock

    internal ProcessTimers(Process process)
    {
        _process = process;
        _cpuLimit = new IntervalTimer(process.Kernel, _ => OnCpuLimit(), () => process.CpuTime.User + process.CpuTime.System, Threads);
        Real = new IntervalTimer(process.Kernel, _ => Send(Sig.ALRM));
        Virtual = new IntervalTimer(process.Kernel, _ => Send(Sig.VTALRM), () => process.CpuTime.User, Threads);
        Profiling = new IntervalTimer(process.Kernel, _ => Send(Sig.PROF), () => process.CpuTime.User + process.CpuTime.System, Threads);
    }

    /// <summary>RLIMIT_CPU has changed, or was inherited (getrlimit(2)): SIGXCPU at the soft limit and each second after it, SIGKILL at the hard one.</summary>
    public void ArmCpuLimit()
    {
        var soft = _process.Limits[Rlimits.Cpu].Soft;
        _ = _cpuLimit.Set(soft >= long.MaxValue / Second ? 0 : Math.Max((long)soft, 1) * Second, 0);
    }

    private void OnCpuLimit()
    {
        var (soft, hard) = _process.Limits[Rlimits.Cpu];
        if (hard < long.MaxValue / Second && _cpuLimit.Now >= (long)hard * Second)
        {
            _process.Terminate(Sig.KILL);
            return;
        }

        Send(Sig.XCPU);
        _process.Limits[Rlimits.Cpu] = (Math.Max(soft, 1) + 1, hard);
        ArmCpuLimit();
    }

    /// <summary>ITIMER_REAL.</summary>
    public IntervalTimer Real { get; }

    /// <summary>ITIMER_VIRTUAL.</summary>
    public IntervalTimer Virtual { get; }

    /// <summary>ITIMER_PROF.</summary>
    public IntervalTimer Profiling { get; }

    /// <summary>timer_create(2); EAGAIN when there are too many.</summary>
    /// <param name="clock">The clock.</param>
    /// <param name="signal">The signal, or 0 for none.</param>
    /// <param name="value">si_value, or null for the timer's number.</param>
    /// <param name="target">The thread to tell, or null.</param>
    /// <param name="cpuTime">CPU time clock, or null.</param>
    public Result<PosixTimer> Create(ClockId clock, int signal, ulong? value, Task? target, Func<long>? cpuTime)
    {
        lock (_lock)
        {
            if ((ulong)_timers.Count >= _process.Limits[Rlimits.SigPending].Soft)
            {
                return Errno.EAGAIN;
            }

            while (_timers.ContainsKey(_nextId))
            {
                _nextId = (_nextId + 1) & int.MaxValue;
            }

            var timer = new PosixTimer(_process, _nextId, clock, signal, value ?? (uint)_nextId, target, cpuTime);
            _timers.Add(_nextId, timer);
            _nextId = (_nextId + 1) & int.MaxValue;
            return timer;
        }
    }

    /// <summary>The timer with a number, or null.</summary>
    public PosixTimer? Find(int id)
    {
        lock (_lock)
        {
            return _timers.GetValueOrDefault(id);
        }
    }

    /// <summary>timer_delete(2); false when there is none.</summary>
    public bool Delete(int id)
    {
        PosixTimer? timer;
        lock (_lock)
        {
            if (!_timers.Remove(id, out timer))
            {
                return false;
            }
        }

        _ = timer.Timer.Set(0, 0);
        return true;
    }

    /// <summary>What exec does: the timers of timer_create(2) are gone.</summary>
    public void DeleteAll()
    {
        PosixTimer[] timers;
        lock (_lock)
        {
            timers = [.. _timers.Values];
            _timers.Clear();
        }

        foreach (var timer in timers)
        {
            _ = timer.Timer.Set(0, 0);
        }
    }

    /// <summary>The process has ended.</summary>
    internal void StopAll()
    {
        DeleteAll();
        _ = _cpuLimit.Set(0, 0);
        _ = Real.Set(0, 0);
        _ = Virtual.Set(0, 0);
        _ = Profiling.Set(0, 0);
    }

    private int Threads() => _process.TaskCount;

    private void Send(int signal) => _ = _process.Send(SigInfo.FromKernel(signal));
}
