using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>
/// Who waits for whose POSIX lock, in one kernel: finds the cycles that fcntl(2) answers with EDEADLK. Thread-safe; taken
/// under a file's lock table.
/// </summary>
public sealed class LockWaits
{
    private readonly Lock _lock = new();
    private readonly Dictionary<object, (object Owner, object Blocker)> _waits = []; // guarded by _lock; by waiter

    /// <summary>Records that a waiter of <paramref name="owner"/> waits for <paramref name="blocker"/>.</summary>
    /// <returns>False when that would close a cycle; nothing is recorded then.</returns>
    internal bool Add(object waiter, object owner, object blocker)
    {
        lock (_lock)
        {
            // A process may wait in several threads, so this is a search and not a chain.
            var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
            var open = new Stack<object>();
            open.Push(blocker);
            while (open.TryPop(out var next))
            {
                if (ReferenceEquals(next, owner))
                {
                    return false;
                }

                if (!seen.Add(next))
                {
                    continue;
                }

                foreach (var (key, wait) in _waits)
                {
                    if (!ReferenceEquals(key, waiter) && ReferenceEquals(wait.Owner, next))
                    {
                        open.Push(wait.Blocker);
                    }
                }
            }

            _waits[waiter] = (owner, blocker);
            return true;
        }
    }

    /// <summary>The waiter waits no more.</summary>
    public void Remove(object waiter)
    {
        lock (_lock)
        {
            _ = _waits.Remove(waiter);
        }
    }
}
