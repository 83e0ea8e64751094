using Dragonet.Kernel;
using Dragonet.Platform;

namespace Dragonet;

/// <summary>The kernel's time is the host's.</summary>
internal sealed class HostClock(IPlatform platform) : IKernelClock
{
    private readonly IHostAlarm _alarm = platform.CreateAlarm();

    public long MonotonicNanoseconds => platform.MonotonicNanoseconds;

    public long RealtimeNanoseconds => platform.RealtimeNanoseconds;

    public void Sleep(long nanoseconds) => _alarm.Wait(nanoseconds);

    public void Wake() => _alarm.Set();
}
