namespace Dragonet.Kernel.Tests;

/// <summary>A clock that stands still until a test moves it.</summary>
internal sealed class FakeClock : IKernelClock
{
    private readonly ManualResetEventSlim _wake = new();
    private long _now = 1_000_000_000;

    /// <summary>The test has moved it.</summary>
    public event Action? Moved;

    public long MonotonicNanoseconds => Interlocked.Read(ref _now);

    public long RealtimeNanoseconds => 1_700_000_000_000_000_000 + MonotonicNanoseconds;

    public void Advance(long nanoseconds)
    {
        _ = Interlocked.Add(ref _now, nanoseconds);
        _wake.Set();
        Moved?.Invoke();
    }

    public void Sleep(long nanoseconds)
    {
        _wake.Wait();
        _wake.Reset();
    }

    public void Wake() => _wake.Set();
}
