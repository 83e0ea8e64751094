using Dragonet.Abi;

namespace Dragonet.Kernel;

/// <summary>A timer of timer_create(2). While its signal is pending, further expirations are counted as overruns of that signal.</summary>
public sealed class PosixTimer
{
    private readonly Process _process;
    private readonly Task? _target;
    private readonly int _signal;
    private readonly ulong _value;
    private int _overruns;

    /// <param name="process">The process that is told.</param>
    /// <param name="id">Its number.</param>
    /// <param name="clock">The clock it was made for.</param>
    /// <param name="signal">The signal, or 0 for none (SIGEV_NONE).</param>
    /// <param name="value">si_value.</param>
    /// <param name="target">The thread that is told (SIGEV_THREAD_ID), or null.</param>
    /// <param name="cpuTime">CPU time clock, or null.</param>
    internal PosixTimer(Process process, int id, ClockId clock, int signal, ulong value, Task? target, Func<long>? cpuTime)
    {
        _process = process;
        Id = id;
        Clock = clock;
        _signal = signal;
        _value = value;
        _target = target;
        Timer = new IntervalTimer(process.Kernel, OnExpired, cpuTime, () => process.GetTasks().Count);
    }

    public int Id { get; }

    public ClockId Clock { get; }

    /// <summary>When it expires.</summary>
    public IntervalTimer Timer { get; }

    /// <summary>timer_getoverrun(2): the overruns of the signal that was delivered or accepted last.</summary>
    public int Overruns => Volatile.Read(ref _overruns);

    /// <summary>Its signal is delivered or accepted.</summary>
    internal void Accept(int overruns) => Volatile.Write(ref _overruns, overruns);

    private void OnExpired(long overruns)
    {
        if (_signal == 0)
        {
            return;
        }

        if (_process.AddTimerOverruns(_target, _signal, Id, overruns + 1))
        {
            return;
        }

        const int codeTimer = -2; // SI_TIMER
        var info = new SigInfo
        {
            Signal = _signal, Code = codeTimer, TimerId = Id, Value = _value, Overrun = (int)Math.Min(overruns, int.MaxValue),
        };
        _ = _target is { } task ? task.Send(info) : _process.Send(info);
    }
}
