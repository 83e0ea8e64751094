using System.Diagnostics;

namespace Dragonet.Base;

/// <summary>
/// A mutual exclusion lock with a rank. In Debug builds an acquisition against <see cref="LockRank"/> order fails at once;
/// in Release builds it is a plain <see cref="Lock"/>.
/// </summary>
public sealed class KernelLock
{
    private readonly Lock _lock = new();

    public KernelLock(LockRank rank) => Rank = rank;

    /// <summary>The lock's place in the order.</summary>
    public LockRank Rank { get; }

    /// <summary>True when the calling thread holds it.</summary>
    public bool IsHeld => _lock.IsHeldByCurrentThread;

    /// <summary>Acquires the lock until the returned scope is disposed: <c>using (_lock.Enter()) { … }</c>.</summary>
    public Scope Enter()
    {
        LockDebug.Entering(Rank);
        LockDebug.Acquire(_lock);
        return new Scope(this);
    }

    /// <summary>In Debug builds the calling thread asks from now on, before it takes a lock, whether it is its turn: for platforms that run one
    /// thread at a time, in an order of their own.</summary>
    public static void TakeTurns(LockTurns turns) => LockDebug.SetTurns(turns);

    private void Exit()
    {
        _lock.Exit();
        LockDebug.Left(Rank);
    }

    /// <summary>Holds the lock while it lives.</summary>
    public readonly ref struct Scope
    {
        private readonly KernelLock _owner;

        internal Scope(KernelLock owner) => _owner = owner;

        /// <summary>Releases the lock.</summary>
        public void Dispose() => _owner.Exit();
    }
}
