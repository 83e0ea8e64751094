namespace Dragonet.Kernel;

/// <summary>
/// Keeps a jail's transfers of one kind (bytes or calls, to or from files) to so many in a second (rctl(8), throttle). A transfer that is under way is
/// done; who comes after it waits until what was too much is paid for. So the mean is right, whatever the size of one transfer. Thread-safe.
/// </summary>
internal sealed class TransferLimit(long perSecond)
{
    private const double Burst = 0.05; // seconds' worth that may be used at once after a pause

    private readonly Lock _lock = new(); // a leaf
    private double _budget = perSecond * Burst; // guarded by _lock
    private long _time;                         // guarded by _lock

    /// <summary>How many in a second.</summary>
    internal long PerSecond => perSecond;

    /// <summary>Nanoseconds that a caller has to wait; 0 when it may go on.</summary>
    internal long GetDelay(long now)
    {
        lock (_lock)
        {
            Grow(now);
            return _budget >= 0 ? 0 : (long)(-_budget * 1e9 / perSecond) + 1;
        }
    }

    /// <summary>So much was transferred.</summary>
    internal void Take(long amount, long now)
    {
        lock (_lock)
        {
            Grow(now);
            _budget -= amount;
        }
    }

    private void Grow(long now)
    {
        if (_time != 0)
        {
            _budget = Math.Min(perSecond * Burst, _budget + ((now - _time) * (double)perSecond / 1e9));
        }

        _time = now;
    }
}
