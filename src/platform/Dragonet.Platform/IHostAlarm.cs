namespace Dragonet.Platform;

/// <summary>Something a host thread sleeps on, with the precision of the host's timers.</summary>
public interface IHostAlarm : IDisposable
{
    /// <summary>Sleeps until <see cref="Set"/> or until the time has passed.</summary>
    /// <param name="nanoseconds">At most this long; <see cref="long.MaxValue"/> is for ever.</param>
    void Wait(long nanoseconds);

    /// <summary>Ends the current sleep, or the next one at once. From any thread.</summary>
    void Set();
}
