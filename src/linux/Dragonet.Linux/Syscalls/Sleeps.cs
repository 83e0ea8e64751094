using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Sleeping (nanosleep(2), clock_nanosleep(2)).</summary>
internal static class Sleeps
{
    [Syscall(Nr.nanosleep)]
    public static SysResult nanosleep(Task task, UserPtr request, UserPtr remainder)
    {
        if (task.Deadline == long.MaxValue)
        {
            if (!task.ReadTimespec(request).Ok(out var nanoseconds, out var error))
            {
                return error;
            }

            task.SetTimeout(nanoseconds);
        }

        task.OnInterrupted = static (task, result) => WriteRemainder(task, result, task.Call.A1);
        return task.TimedOut ? 0 : task.WaitForSignal();
    }

    [Syscall(Nr.clock_nanosleep, Support.Partial, "CPU clocks answer EOPNOTSUPP")]
    public static SysResult clock_nanosleep(Task task, ClockId clock, TimerFlags flags, UserPtr request, UserPtr remainder)
    {
        if (task.Deadline == long.MaxValue)
        {
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
                case ClockId.CLOCK_THREAD_CPUTIME_ID:
                    return Errno.EINVAL;
                default:
                    return Clocks.Read(task, clock).IsOk ? Errno.EOPNOTSUPP : Errno.EINVAL;
            }

            if (!task.ReadTimespec(request).Ok(out var nanoseconds, out var error))
            {
                return error;
            }

            if ((flags & TimerFlags.TIMER_ABSTIME) != 0)
            {
                task.SetDeadline(ClockMath.ToMonotonic(task.Kernel, clock, nanoseconds));
            }
            else
            {
                task.SetTimeout(nanoseconds);
            }
        }

        if ((flags & TimerFlags.TIMER_ABSTIME) == 0)
        {
            task.OnInterrupted = static (task, result) => WriteRemainder(task, result, task.Call.A3);
        }

        return task.TimedOut ? 0 : task.WaitForSignal();
    }

    private static SysResult WriteRemainder(Task task, SysResult result, ulong remainder)
    {
        var left = task.Deadline - task.Kernel.Clock.MonotonicNanoseconds;
        if (left <= 0)
        {
            return 0;
        }

        if (remainder == 0)
        {
            return result;
        }

        var error = task.Memory.Write(remainder, timespec.FromNanoseconds(left));
        return error == Errno.OK ? result : error;
    }
}
