namespace Dragonet.Platform.InProcess;

/// <summary>Time that stands still until somebody moves it. Thread-safe.</summary>
public sealed class VirtualClock
{
    /// <summary>Real time at the boot: 2023-11-14 22:13:20 UTC.</summary>
    public const long Epoch = 1_700_000_000_000_000_000;

    private long _now = 1_000_000_000;

    /// <summary>CLOCK_MONOTONIC.</summary>
    public long MonotonicNanoseconds => Interlocked.Read(ref _now);

    /// <summary>CLOCK_REALTIME.</summary>
    public long RealtimeNanoseconds => Epoch + MonotonicNanoseconds;

    /// <summary>Told after the time has moved.</summary>
    internal event Action? Moved;

    /// <summary>Moves it forward; a time that has passed moves nothing.</summary>
    public void MoveTo(long monotonicNanoseconds)
    {
        if (monotonicNanoseconds > MonotonicNanoseconds)
        {
            _ = Interlocked.Exchange(ref _now, monotonicNanoseconds);
            Moved?.Invoke();
        }
    }
}
