using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>POSIX timers (timer_create(2)).</summary>
internal static class PosixTimers
{
    [Syscall(Nr.timer_create)]
    public static SysResult timer_create(Task task, ClockId clock, UserPtr eventPointer, UserPtr id)
    {
        var wanted = new sigevent { sigev_signo = Sig.ALRM };
        if (!eventPointer.IsNull && task.Memory.Read(eventPointer.Address, out wanted) is not Errno.OK and var fault)
        {
            return fault;
        }

        Func<long>? cpuTime = null;
        switch (clock)
        {
            case ClockId.CLOCK_REALTIME or ClockId.CLOCK_MONOTONIC or ClockId.CLOCK_BOOTTIME or ClockId.CLOCK_TAI:
                break;
            case ClockId.CLOCK_REALTIME_ALARM or ClockId.CLOCK_BOOTTIME_ALARM:
                if (!task.Credentials.Has(Capability.CAP_WAKE_ALARM))
                {
                    return Errno.EPERM;
                }

                break;
            default:
                cpuTime = Clocks.GetCpuClock(task, clock);
                if (cpuTime is null)
                {
                    return Clocks.Read(task, clock).IsOk ? Errno.EOPNOTSUPP : Errno.EINVAL;
                }

                break;
        }

        var signal = wanted.sigev_signo;
        Task? target = null;
        switch (wanted.sigev_notify)
        {
            case sigevent.SIGEV_NONE:
                signal = 0;
                break;
            case sigevent.SIGEV_SIGNAL or sigevent.SIGEV_THREAD or sigevent.SIGEV_THREAD_ID when signal is < 1 or > Sig.Max:
                return task.Fail(Errno.EINVAL, "signal number");
            case sigevent.SIGEV_SIGNAL or sigevent.SIGEV_THREAD:
                break;
            case sigevent.SIGEV_THREAD_ID:
                target = task.Jail.FindTask(wanted.sigev_notify_thread_id);
                if (target?.Process != task.Process)
                {
                    return task.Fail(Errno.EINVAL, "no such thread");
                }

                break;
            default:
                return task.Fail(Errno.EINVAL, "sigev_notify");
        }

        ulong? value = eventPointer.IsNull ? null : wanted.sigev_value;
        if (!task.Process.Timers.Create(clock, signal, value, target, cpuTime).Ok(out var timer, out var error))
        {
            return error;
        }

        error = task.Memory.Write(id.Address, timer.Id);
        if (error != Errno.OK)
        {
            _ = task.Process.Timers.Delete(timer.Id);
        }

        return error;
    }

    [Syscall(Nr.timer_settime)]
    public static SysResult timer_settime(Task task, int id, TimerFlags flags, UserPtr newValue, UserPtr oldValue)
    {
        if (newValue.IsNull)
        {
            return Errno.EINVAL;
        }

        var error = task.ReadItimerspec(newValue, out var value, out var interval);
        if (error != Errno.OK)
        {
            return error;
        }

        if (task.Process.Timers.Find(id) is not { } timer)
        {
            return Errno.EINVAL;
        }

        var isAbsolute = (flags & TimerFlags.TIMER_ABSTIME) != 0;
        var (left, every) = isAbsolute && value != 0
            ? timer.Timer.Set(Math.Max(ClockMath.ToMonotonic(task.Kernel, timer.Clock, value), 1), interval)
            : timer.Timer.SetRelative(value, interval);
        return oldValue.IsNull ? 0 : task.WriteItimerspec(oldValue, left, every);
    }

    [Syscall(Nr.timer_gettime)]
    public static SysResult timer_gettime(Task task, int id, UserPtr value)
    {
        if (task.Process.Timers.Find(id) is not { } timer)
        {
            return Errno.EINVAL;
        }

        var (left, every) = timer.Timer.Get();
        return task.WriteItimerspec(value, left, every);
    }

    [Syscall(Nr.timer_getoverrun)]
    public static SysResult timer_getoverrun(Task task, int id) => task.Process.Timers.Find(id) is { } timer ? timer.Overruns : Errno.EINVAL;

    [Syscall(Nr.timer_delete)]
    public static SysResult timer_delete(Task task, int id) => task.Process.Timers.Delete(id) ? 0 : Errno.EINVAL;
}
