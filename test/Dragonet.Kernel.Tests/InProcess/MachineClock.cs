using Dragonet.Platform.InProcess;

namespace Dragonet.Kernel.Tests.InProcess;

/// <summary>The kernel's time is the machine's, which moves only when nobody can run.</summary>
internal sealed class MachineClock(VirtualClock clock) : IKernelClock
{
    public long MonotonicNanoseconds => clock.MonotonicNanoseconds;

    public long RealtimeNanoseconds => clock.RealtimeNanoseconds;

    public bool RunsByItself => false;

    public void Sleep(long nanoseconds) => throw new NotSupportedException("no host thread sleeps on this clock");

    public void Wake()
    {
        // Nobody sleeps.
    }
}
