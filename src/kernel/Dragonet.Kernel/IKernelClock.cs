namespace Dragonet.Kernel;

/// <summary>The kernel's time. Tests own one that stands still until they move it.</summary>
public interface IKernelClock
{
    /// <summary>CLOCK_MONOTONIC in nanoseconds.</summary>
    long MonotonicNanoseconds { get; }

    /// <summary>CLOCK_REALTIME in nanoseconds since 1970-01-01 UTC.</summary>
    long RealtimeNanoseconds { get; }

    /// <summary>False when somebody moves it by hand, and then calls <see cref="TimerQueue.RunDue"/>: no host thread sleeps on it.</summary>
    bool RunsByItself => true;

    /// <summary>Sleeps until <see cref="Wake"/> or until the time has passed. One thread only.</summary>
    /// <param name="nanoseconds">At most this long; <see cref="long.MaxValue"/> is for ever.</param>
    void Sleep(long nanoseconds);

    /// <summary>Ends the current sleep, or the next one at once.</summary>
    void Wake();
}
