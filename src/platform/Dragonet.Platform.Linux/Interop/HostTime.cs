using Dragonet.Abi;

namespace Dragonet.Platform.Linux.Interop;

/// <summary>The host's clocks (clock_gettime(2)), for what has no kernel to ask.</summary>
public static unsafe class HostTime
{
    /// <summary>Nanoseconds since 1970.</summary>
    public static long Realtime => Read(0);

    /// <summary>Nanoseconds from any beginning; never backwards.</summary>
    public static long Monotonic => Read(1);

    private static long Read(int clock)
    {
        var time = stackalloc long[2];
        // SAFETY: struct timespec on the stack.
        _ = Host.CallQuick(Nr.clock_gettime, clock, (long)time);
        return (time[0] * 1_000_000_000) + time[1];
    }
}
