namespace Dragonet.Platform.InProcess;

/// <summary>A sleep in virtual time.</summary>
internal sealed class VirtualAlarm : IHostAlarm
{
    private readonly SemaphoreSlim _signal = new(0);
    private readonly VirtualClock _clock;
    private int _set;

    internal VirtualAlarm(VirtualClock clock)
    {
        _clock = clock;
        _clock.Moved += Look;
    }

    /// <inheritdoc/>
    public void Wait(long nanoseconds)
    {
        var end = nanoseconds >= long.MaxValue - _clock.MonotonicNanoseconds ? long.MaxValue : _clock.MonotonicNanoseconds + nanoseconds;
        while (Interlocked.Exchange(ref _set, 0) == 0 && _clock.MonotonicNanoseconds < end)
        {
            _signal.Wait();
        }
    }

    /// <inheritdoc/>
    public void Set()
    {
        Volatile.Write(ref _set, 1);
        Look();
    }

    /// <inheritdoc/>
    public void Dispose() => _clock.Moved -= Look;

    private void Look() => _signal.Release();
}
