using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>One task that waits for one futex. Kept as the state of its call; disposing withdraws it.</summary>
public sealed class FutexWaiter : IDisposable
{
    private readonly FutexTable _table;

    internal FutexWaiter(FutexTable table, Task task, FutexKey key, uint bitset, FutexVector? vector = null)
    {
        _table = table;
        Task = task;
        Key = key;
        Bitset = bitset;
        Vector = vector;
        Queue = vector?.Queue ?? new WaitQueue();
    }

    /// <summary>Who waits.</summary>
    public Task Task { get; }

    /// <summary>Woken together with <see cref="IsWoken"/>.</summary>
    public WaitQueue Queue { get; }

    /// <summary>True once a wake-up was meant for it (or the lock was handed to it).</summary>
    public bool IsWoken { get; internal set; }

    internal FutexKey Key { get; set; }

    internal uint Bitset { get; }

    /// <summary>It waits for a PI futex: only unlocking hands the futex over to it.</summary>
    internal bool IsLocker { get; set; }

    /// <summary>The PI futex that FUTEX_WAIT_REQUEUE_PI is to be moved to.</summary>
    internal FutexKey? RequeueTarget { get; set; }

    /// <summary>The futex_waitv(2) call it is part of.</summary>
    internal FutexVector? Vector { get; }

    internal FutexQueue? List { get; set; }

    internal FutexWaiter? Next { get; set; }

    internal FutexWaiter? Previous { get; set; }

    /// <summary>Stops waiting.</summary>
    /// <returns>True when it still waited; false when it has been woken, which must not be lost.</returns>
    public bool Withdraw() => _table.Withdraw(this);

    /// <inheritdoc/>
    public void Dispose() => _ = Withdraw();
}
