using Dragonet.Platform;

namespace Dragonet.Kernel.Tests;

/// <summary>Sleeps until somebody ends that or the test moves the clock.</summary>
internal sealed class FakeAlarm : IHostAlarm
{
    private readonly AutoResetEvent _wake = new(false);
    private readonly FakeClock _clock;

    internal FakeAlarm(FakeClock clock)
    {
        _clock = clock;
        clock.Moved += Set;
    }

    public void Wait(long nanoseconds) => _ = _wake.WaitOne();

    public void Set() => _ = _wake.Set();

    public void Dispose() => _clock.Moved -= Set;
}
