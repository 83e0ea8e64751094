using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>Reading clocks by their ids, CPU clocks of processes and threads included (clock_getcpuclockid(3)).</summary>
internal static class Clocks
{
    /// <summary>Tick of the coarse clocks: HZ is 250.</summary>
    public const long CoarseTick = 4_000_000;

    private const int PerThread = 4;
    private const int KindMask = 3;
    private const int KindProfiling = 0;
    private const int KindVirtual = 1;
    private const int KindScheduler = 2;

    /// <summary>The time of a clock in nanoseconds; EINVAL when there is none. A thread's CPU clock shows that of its process.</summary>
    public static Result<long> Read(Task task, ClockId clock)
    {
        var kernel = task.Kernel;
        switch (clock)
        {
            case ClockId.CLOCK_REALTIME or ClockId.CLOCK_REALTIME_ALARM or ClockId.CLOCK_TAI:
                return kernel.Clock.RealtimeNanoseconds;
            case ClockId.CLOCK_REALTIME_COARSE:
                return kernel.Clock.RealtimeNanoseconds / CoarseTick * CoarseTick;
            case ClockId.CLOCK_MONOTONIC or ClockId.CLOCK_MONOTONIC_RAW or ClockId.CLOCK_BOOTTIME or ClockId.CLOCK_BOOTTIME_ALARM:
                return kernel.Clock.MonotonicNanoseconds;
            case ClockId.CLOCK_MONOTONIC_COARSE:
                return kernel.Clock.MonotonicNanoseconds / CoarseTick * CoarseTick;
            default:
                return GetCpuClock(task, clock) is { } read ? read() : Errno.EINVAL;
        }
    }

    /// <summary>A reader of a CPU clock; null when the id is none.</summary>
    public static Func<long>? GetCpuClock(Task task, ClockId clock)
    {
        if (clock is ClockId.CLOCK_PROCESS_CPUTIME_ID or ClockId.CLOCK_THREAD_CPUTIME_ID)
        {
            return Reader(task.Process, KindScheduler);
        }

        if ((int)clock >= 0 || ((int)clock & KindMask) is not (KindProfiling or KindVirtual or KindScheduler))
        {
            return null;
        }

        var id = ~((int)clock >> 3);
        var process = id == 0 ? task.Process
            : ((int)clock & PerThread) == 0 ? task.Jail.FindProcess(id)
            : task.Jail.FindTask(id) is { } thread && thread.Process == task.Process ? thread.Process : null;
        return process is null ? null : Reader(process, (int)clock & KindMask);
    }

    private static Func<long> Reader(Process process, int kind) =>
        kind == KindVirtual ? () => process.CpuTime.User : () => process.CpuTime.User + process.CpuTime.System;
}
