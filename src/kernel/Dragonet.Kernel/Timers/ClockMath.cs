using Dragonet.Abi;

namespace Dragonet.Kernel;

/// <summary>Arithmetic with times in nanoseconds. Everything that waits, waits by the monotonic clock.</summary>
public static class ClockMath
{
    /// <summary>Sum, saturating far in the future.</summary>
    public static long Add(long now, long nanoseconds) => nanoseconds >= long.MaxValue - 1 - now ? long.MaxValue - 1 : now + nanoseconds;

    /// <summary>The monotonic time at which a clock shows <paramref name="time"/>. The realtime clock is not stepped here, so one
    /// conversion holds.</summary>
    public static long ToMonotonic(Kernel kernel, ClockId clock, long time) => clock switch
    {
        ClockId.CLOCK_REALTIME or ClockId.CLOCK_REALTIME_ALARM or ClockId.CLOCK_TAI or ClockId.CLOCK_REALTIME_COARSE =>
            time - kernel.Clock.RealtimeNanoseconds is var left && left > 0 ? Add(kernel.Clock.MonotonicNanoseconds, left) : kernel.Clock.MonotonicNanoseconds + left,
        _ => time,
    };
}
