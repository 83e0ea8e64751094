using System.Runtime.InteropServices;

namespace Dragonet.Platform.Linux.Interop;

/// <summary>The host's clocks (clock_gettime(2)). The C library reads them without a system call (vdso(7)).</summary>
public static unsafe partial class HostTime
{
    /// <summary>Nanoseconds since 1970.</summary>
    public static long Realtime => Read(0);

    /// <summary>Nanoseconds from any beginning; never backwards.</summary>
    public static long Monotonic => Read(1);

    private static long Read(int clock)
    {
        var time = stackalloc long[2];
        // SAFETY: struct timespec on the stack. These two clocks cannot fail.
        _ = ClockGetTime(clock, time);
        return (time[0] * 1_000_000_000) + time[1];
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [SuppressGCTransition]
    private static partial int ClockGetTime(int clock, long* time);
}
