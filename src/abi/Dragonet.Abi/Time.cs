using System.Runtime.InteropServices;

namespace Dragonet.Abi;

/// <summary>struct timespec (linux/time_types.h, __kernel_timespec).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct timespec
{
    public long tv_sec;
    public long tv_nsec;

    /// <summary>From nanoseconds.</summary>
    public static timespec FromNanoseconds(long nanoseconds)
    {
        var seconds = Math.DivRem(nanoseconds, 1_000_000_000, out var rest);
        return rest < 0 ? new() { tv_sec = seconds - 1, tv_nsec = rest + 1_000_000_000 } : new() { tv_sec = seconds, tv_nsec = rest };
    }

    /// <summary>True when it is a time that Linux accepts (not negative, less than a second of nanoseconds).</summary>
    public readonly bool IsValid => tv_sec >= 0 && (ulong)tv_nsec < 1_000_000_000;

    /// <summary>In nanoseconds, saturating at <see cref="long.MaxValue"/>.</summary>
    public readonly long ToNanoseconds() => tv_sec >= long.MaxValue / 1_000_000_000 ? long.MaxValue : tv_sec * 1_000_000_000 + tv_nsec;
}

/// <summary>struct timeval.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct timeval
{
    public long tv_sec;
    public long tv_usec;

    /// <summary>From nanoseconds.</summary>
    public static timeval FromNanoseconds(long nanoseconds)
    {
        var time = timespec.FromNanoseconds(nanoseconds);
        return new() { tv_sec = time.tv_sec, tv_usec = time.tv_nsec / 1000 };
    }

    /// <summary>True when it is a time that Linux accepts.</summary>
    public readonly bool IsValid => tv_sec >= 0 && (ulong)tv_usec < 1_000_000;

    /// <summary>In nanoseconds, saturating at <see cref="long.MaxValue"/>.</summary>
    public readonly long ToNanoseconds() => tv_sec >= long.MaxValue / 1_000_000_000 ? long.MaxValue : tv_sec * 1_000_000_000 + tv_usec * 1000;
}

/// <summary>struct itimerspec.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct itimerspec
{
    public timespec it_interval;
    public timespec it_value;
}

/// <summary>struct itimerval.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct itimerval
{
    public timeval it_interval;
    public timeval it_value;
}

/// <summary>Clock ids (clock_gettime(2)).</summary>
public enum ClockId
{
    CLOCK_REALTIME = 0,
    CLOCK_MONOTONIC = 1,
    CLOCK_PROCESS_CPUTIME_ID = 2,
    CLOCK_THREAD_CPUTIME_ID = 3,
    CLOCK_MONOTONIC_RAW = 4,
    CLOCK_REALTIME_COARSE = 5,
    CLOCK_MONOTONIC_COARSE = 6,
    CLOCK_BOOTTIME = 7,
    CLOCK_REALTIME_ALARM = 8,
    CLOCK_BOOTTIME_ALARM = 9,
    CLOCK_TAI = 11,
}

/// <summary>ITIMER_* (setitimer(2)).</summary>
public enum ItimerWhich
{
    ITIMER_REAL = 0,
    ITIMER_VIRTUAL = 1,
    ITIMER_PROF = 2,
}

/// <summary>Flags of timer_settime(2) and clock_nanosleep(2).</summary>
[Flags]
public enum TimerFlags
{
    None = 0,
    TIMER_ABSTIME = 1,
}
