using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>A futex_waitv(2) call: several waiters that share one wake-up.</summary>
public sealed class FutexVector : IDisposable
{
    /// <summary>Woken when any of the futexes is.</summary>
    public WaitQueue Queue { get; } = new();

    /// <summary>The index of the futex that was woken first, or -1.</summary>
    public int WokenIndex { get; internal set; } = -1;

    internal List<FutexWaiter> Waiters { get; } = [];

    /// <summary>Stops waiting for all of them.</summary>
    /// <returns>The index of one that had been woken, or -1.</returns>
    public int Withdraw()
    {
        foreach (var waiter in Waiters)
        {
            _ = waiter.Withdraw();
        }

        return WokenIndex;
    }

    /// <inheritdoc/>
    public void Dispose() => _ = Withdraw();
}
