using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Interval timers (setitimer(2)) and alarm(2). CPU time is sampled, so ITIMER_VIRTUAL and ITIMER_PROF are a few milliseconds late.</summary>
internal static class IntervalTimers
{
    [Syscall(Nr.setitimer)]
    public static SysResult setitimer(Task task, ItimerWhich which, UserPtr newValue, UserPtr oldValue)
    {
        itimerval wanted = default;
        if (!newValue.IsNull && task.Memory.Read(newValue.Address, out wanted) is not Errno.OK and var error)
        {
            return error;
        }

        if (Find(task, which) is not { } timer || !wanted.it_value.IsValid || !wanted.it_interval.IsValid)
        {
            return Errno.EINVAL;
        }

        // CPU time is counted in ticks, and the first may be over at once: one more, so that the timer is never early (Linux's set_cpu_itimer).
        var value = wanted.it_value.ToNanoseconds();
        value = value == 0 || which == ItimerWhich.ITIMER_REAL ? value : ClockMath.Add(value, Clocks.CoarseTick);
        var (left, every) = timer.SetRelative(value, wanted.it_interval.ToNanoseconds());
        return oldValue.IsNull ? 0 : Write(task, oldValue, left, every);
    }

    [Syscall(Nr.getitimer)]
    public static SysResult getitimer(Task task, ItimerWhich which, UserPtr value)
    {
        if (Find(task, which) is not { } timer)
        {
            return Errno.EINVAL;
        }

        var (left, every) = timer.Get();
        return Write(task, value, left, every);
    }

    [Syscall(Nr.alarm)]
    public static SysResult alarm(Task task, uint seconds)
    {
        var (left, _) = task.Process.Timers.Real.SetRelative(seconds * 1_000_000_000L, 0);

        // To the nearest second, but never 0 for an alarm that was set.
        return left == 0 ? 0 : Math.Max((left + 500_000_000) / 1_000_000_000, 1);
    }

    private static IntervalTimer? Find(Task task, ItimerWhich which) => which switch
    {
        ItimerWhich.ITIMER_REAL => task.Process.Timers.Real,
        ItimerWhich.ITIMER_VIRTUAL => task.Process.Timers.Virtual,
        ItimerWhich.ITIMER_PROF => task.Process.Timers.Profiling,
        _ => null,
    };

    // Rounded up, so that a timer that is set never reads as 0.
    private static Errno Write(Task task, UserPtr pointer, long value, long interval) =>
        task.Memory.Write(pointer.Address, new itimerval { it_value = timeval.FromNanoseconds(value + 999), it_interval = timeval.FromNanoseconds(interval) });
}
