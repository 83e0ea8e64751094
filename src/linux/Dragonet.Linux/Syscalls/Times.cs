using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>
/// Telling the time (clock_gettime(2), gettimeofday(2), times(2)). Guests cannot set the clock. Differs from Linux: the CPU clock of
/// another thread shows its whole process, and CLOCK_BOOTTIME does not count the host's sleep.
/// </summary>
internal static class Times
{
    [Syscall(Nr.clock_gettime, Support.Partial, "the CPU clock of another thread shows its process")]
    public static SysResult clock_gettime(Task task, ClockId clock, UserPtr time)
    {
        // The host counts the CPU time of its own threads best.
        if (clock is ClockId.CLOCK_THREAD_CPUTIME_ID or ClockId.CLOCK_PROCESS_CPUTIME_ID)
        {
            return SysResult.Native;
        }

        return Clocks.Read(task, clock).Ok(out var now, out var error) ? task.Memory.Write(time.Address, timespec.FromNanoseconds(now)) : error;
    }

    [Syscall(Nr.clock_getres)]
    public static SysResult clock_getres(Task task, ClockId clock, UserPtr resolution)
    {
        if (!Clocks.Read(task, clock).Ok(out _, out var error))
        {
            return error;
        }

        var step = clock is ClockId.CLOCK_REALTIME_COARSE or ClockId.CLOCK_MONOTONIC_COARSE ? Clocks.CoarseTick : 1;
        return resolution.IsNull ? 0 : task.Memory.Write(resolution.Address, timespec.FromNanoseconds(step));
    }

    [Syscall(Nr.clock_settime, Support.Refused, "the clock is the host's")]
    public static SysResult clock_settime(Task task, ClockId clock, UserPtr time)
    {
        if (clock != ClockId.CLOCK_REALTIME)
        {
            return Errno.EINVAL;
        }

        return task.ReadTimespec(time).Ok(out _, out var error) ? task.Fail(Errno.EPERM, "the clock is the host's") : error;
    }

    [Syscall(Nr.gettimeofday)]
    public static SysResult gettimeofday(Task task, UserPtr time, UserPtr zone)
    {
        var error = Errno.OK;
        if (!time.IsNull)
        {
            error = task.Memory.Write(time.Address, timeval.FromNanoseconds(task.Kernel.Clock.RealtimeNanoseconds));
        }

        // tz_minuteswest and tz_dsttime: both 0.
        return error == Errno.OK && !zone.IsNull ? task.Memory.Write(zone.Address, 0UL) : error;
    }

    [Syscall(Nr.settimeofday, Support.Refused, "the clock is the host's")]
    public static SysResult settimeofday(Task task, UserPtr time, UserPtr zone)
    {
        if (!time.IsNull)
        {
            var error = task.Memory.Read(time.Address, out timeval value);
            if (error != Errno.OK)
            {
                return error;
            }

            if (!value.IsValid)
            {
                return Errno.EINVAL;
            }
        }

        return task.Fail(Errno.EPERM, "the clock is the host's");
    }

    [Syscall(Nr.time)]
    public static SysResult time(Task task, UserPtr result)
    {
        var seconds = task.Kernel.Clock.RealtimeNanoseconds / 1_000_000_000;
        var error = result.IsNull ? Errno.OK : task.Memory.Write(result.Address, seconds);
        return error == Errno.OK ? seconds : error;
    }

    [Syscall(Nr.times)]
    public static SysResult times(Task task, UserPtr buffer)
    {
        const long tick = 10_000_000; // USER_HZ is 100
        if (!buffer.IsNull)
        {
            var (user, system) = task.Process.CpuTime;
            var (childUser, childSystem) = task.Process.ChildrenTime;
            var record = new tms { tms_utime = user / tick, tms_stime = system / tick, tms_cutime = childUser / tick, tms_cstime = childSystem / tick };
            var error = task.Memory.Write(buffer.Address, record);
            if (error != Errno.OK)
            {
                return error;
            }
        }

        return task.Kernel.Clock.MonotonicNanoseconds / tick;
    }

    [Syscall(Nr.adjtimex, Support.Partial, "read only")]
    public static SysResult adjtimex(Task task, UserPtr buffer) => clock_adjtime(task, ClockId.CLOCK_REALTIME, buffer);

    [Syscall(Nr.clock_adjtime, Support.Partial, "read only")]
    public static SysResult clock_adjtime(Task task, ClockId clock, UserPtr buffer)
    {
        const int unsynchronized = 0x40; // STA_UNSYNC
        const int timeError = 5;         // TIME_ERROR: the clock is not synchronized as far as this kernel knows
        var error = task.Memory.Read(buffer.Address, out timex state);
        if (error != Errno.OK)
        {
            return error;
        }

        if (clock != ClockId.CLOCK_REALTIME)
        {
            return clock is ClockId.CLOCK_MONOTONIC or ClockId.CLOCK_BOOTTIME ? Errno.EOPNOTSUPP : Errno.EINVAL;
        }

        const uint readOnlySlew = 0xa001; // ADJ_OFFSET_SS_READ
        if (state.modes != 0 && state.modes != readOnlySlew)
        {
            return task.Fail(Errno.EPERM, "the clock is the host's");
        }

        state = new timex
        {
            modes = state.modes,
            maxerror = 16_000_000,
            esterror = 16_000_000,
            status = unsynchronized,
            constant = 2,
            precision = 1,
            tolerance = 32_768_000,
            time = timeval.FromNanoseconds(task.Kernel.Clock.RealtimeNanoseconds),
            tick = 10_000,
        };
        error = task.Memory.Write(buffer.Address, state);
        return error == Errno.OK ? timeError : error;
    }
}
