using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Kernel;

/// <summary>
/// Who waits for which futex (futex(2)). A look at a futex word and joining its queue are one step under the table's lock.
/// Thread-safe. The kernel cannot compare-and-swap in guest memory: where Linux does (WAKE_OP, PI, robust lists) the word is read and
/// written back under the table's lock, which orders it against every other futex call, but not against the guest's own
/// atomic instructions in the very moment between.
/// </summary>
public sealed partial class FutexTable
{
    private readonly KernelLock _lock = new(LockRank.Futex);
    private readonly Dictionary<FutexKey, FutexQueue> _queues = []; // guarded by _lock
    private readonly Stack<FutexQueue> _spare = new();              // guarded by _lock
    private int _sharedQueues;                                      // guarded by _lock: queues of futexes in shared memory

    /// <summary>How many futexes somebody waits for.</summary>
    public int Count
    {
        get
        {
            using (_lock.Enter())
            {
                return _queues.Count;
            }
        }
    }

    /// <summary>The futex at an address.</summary>
    /// <param name="task">Whose address.</param>
    /// <param name="address">A multiple of 4.</param>
    /// <param name="isPrivate">FUTEX_PRIVATE_FLAG: no other process is meant.</param>
    /// <returns>EINVAL for a bad alignment, EFAULT when nothing is mapped there.</returns>
    public Result<FutexKey> GetKey(Task task, ulong address, bool isPrivate)
    {
        if ((address & 3) != 0)
        {
            return Errno.EINVAL;
        }

        if (address >= AddressSpace.End)
        {
            return Errno.EFAULT;
        }

        if (isPrivate)
        {
            return new FutexKey(task.Process.MemoryId, address);
        }

        foreach (var region in task.Space.GetRegions())
        {
            if (address < region.Start || address >= region.End)
            {
                continue;
            }

            // Shared memory whose backing the platform does not know was inherited by fork, at the same address.
            return !region.Shared ? new FutexKey(task.Process.MemoryId, address)
                : region.Backing is { } backing ? new FutexKey(backing, region.Offset + address - region.Start)
                : new FutexKey(task.Jail, address);
        }

        return Errno.EFAULT;
    }

    /// <summary>FUTEX_WAIT_BITSET: joins the queue if the word has the expected value, else EAGAIN.</summary>
    public Result<FutexWaiter> Wait(Task task, in FutexKey key, ulong address, uint expected, uint bitset) =>
        Wait(task, key, address, expected, bitset, target: null);

    private Result<FutexWaiter> Wait(Task task, in FutexKey key, ulong address, uint expected, uint bitset, FutexKey? target)
    {
        using (_lock.Enter())
        {
            if (task.Memory.Read(address, out uint value) is not Errno.OK and var error)
            {
                return error;
            }

            if (value != expected)
            {
                return Errno.EAGAIN;
            }

            var waiter = new FutexWaiter(this, task, key, bitset) { RequeueTarget = target };
            QueueLocked(key).Add(waiter);
            return waiter;
        }
    }

    /// <summary>futex_waitv(2): joins all queues if all words have their expected values, else EAGAIN.</summary>
    public Result<FutexVector> Wait(Task task, ReadOnlySpan<(FutexKey Key, ulong Address, uint Expected)> futexes)
    {
        using (_lock.Enter())
        {
            foreach (var (_, address, expected) in futexes)
            {
                if (task.Memory.Read(address, out uint value) is not Errno.OK and var error)
                {
                    return error;
                }

                if (value != expected)
                {
                    return Errno.EAGAIN;
                }
            }

            var vector = new FutexVector();
            foreach (var (key, _, _) in futexes)
            {
                var waiter = new FutexWaiter(this, task, key, FutexBits.FUTEX_BITSET_MATCH_ANY, vector);
                vector.Waiters.Add(waiter);
                QueueLocked(key).Add(waiter);
            }

            return vector;
        }
    }

    /// <summary>FUTEX_WAKE_BITSET.</summary>
    /// <returns>How many were woken; EINVAL when lockers of a PI futex wait there.</returns>
    public Result<int> Wake(in FutexKey key, int count, uint bitset = FutexBits.FUTEX_BITSET_MATCH_ANY)
    {
        using (_lock.Enter())
        {
            return WakeLocked(key, count, bitset);
        }
    }

    /// <summary>FUTEX_REQUEUE and FUTEX_CMP_REQUEUE: wakes some and moves others to a second futex.</summary>
    /// <param name="task">The caller.</param>
    /// <param name="from">The futex.</param>
    /// <param name="to">The second futex.</param>
    /// <param name="wake">How many to wake at most.</param>
    /// <param name="move">How many to move at most.</param>
    /// <param name="address">Where to compare, or 0.</param>
    /// <param name="expected">What must be there, else EAGAIN.</param>
    /// <returns>How many were woken and moved.</returns>
    public Result<(int Woken, int Moved)> Requeue(Task task, in FutexKey from, in FutexKey to, int wake, int move, ulong address, uint expected)
    {
        using (_lock.Enter())
        {
            if (address != 0)
            {
                if (task.Memory.Read(address, out uint value) is not Errno.OK and var error)
                {
                    return error;
                }

                if (value != expected)
                {
                    return Errno.EAGAIN;
                }
            }

            if (!WakeLocked(from, wake, FutexBits.FUTEX_BITSET_MATCH_ANY).Ok(out var woken, out var failure))
            {
                return failure;
            }

            var moved = 0;
            if (from != to && _queues.TryGetValue(from, out var queue))
            {
                while (moved < move && queue.First is { } waiter)
                {
                    queue.Remove(waiter);
                    waiter.Key = to;
                    QueueLocked(to).Add(waiter);
                    moved++;
                }

                DropIfEmptyLocked(from, queue);
            }

            return (woken, moved);
        }
    }

    /// <summary>FUTEX_WAKE_OP: changes the second word, wakes the first futex, and the second if its old value satisfies a condition.</summary>
    public Result<int> WakeOp(Task task, in FutexKey first, in FutexKey second, ulong secondAddress, int wakeFirst, int wakeSecond, uint encoded)
    {
        using (_lock.Enter())
        {
            if (task.Memory.Read(secondAddress, out int old) is not Errno.OK and var error)
            {
                return error;
            }

            // The fields are signed 12-bit numbers (FUTEX_OP in futex(2)).
            var argument = (int)(encoded << 8) >> 20;
            var comparand = (int)(encoded << 20) >> 20;
            if ((encoded >> 28 & 8) != 0)
            {
                argument = 1 << (argument & 31);
            }

            int? changed = (encoded >> 28 & 7) switch
            {
                0 => argument,
                1 => old + argument,
                2 => old | argument,
                3 => old & ~argument,
                4 => old ^ argument,
                _ => null,
            };
            bool? holds = (encoded >> 24 & 15) switch
            {
                0 => old == comparand,
                1 => old != comparand,
                2 => old < comparand,
                3 => old <= comparand,
                4 => old > comparand,
                5 => old >= comparand,
                _ => null,
            };
            if (changed is not { } value || holds is not { } isSatisfied)
            {
                return Errno.ENOSYS;
            }

            error = task.Memory.Write(secondAddress, value);
            if (error != Errno.OK)
            {
                return error;
            }

            if (!WakeLocked(first, wakeFirst, FutexBits.FUTEX_BITSET_MATCH_ANY).Ok(out var woken, out error))
            {
                return error;
            }

            if (isSatisfied)
            {
                if (!WakeLocked(second, wakeSecond, FutexBits.FUTEX_BITSET_MATCH_ANY).Ok(out var more, out error))
                {
                    return error;
                }

                woken += more;
            }

            return woken;
        }
    }

    internal bool Withdraw(FutexWaiter waiter)
    {
        using (_lock.Enter())
        {
            if (waiter.List is not { } queue)
            {
                return false;
            }

            queue.Remove(waiter);
            DropIfEmptyLocked(waiter.Key, queue);
            return true;
        }
    }

    private Result<int> WakeLocked(in FutexKey key, int count, uint bitset)
    {
        var woken = 0;
        if (!_queues.TryGetValue(key, out var queue))
        {
            return 0;
        }

        for (var waiter = queue.First; waiter is not null && woken < count;)
        {
            var next = waiter.Next;
            if (waiter.IsLocker || waiter.RequeueTarget is not null)
            {
                return Errno.EINVAL;
            }

            if ((waiter.Bitset & bitset) != 0)
            {
                queue.Remove(waiter);
                if (!waiter.Task.IsDead)
                {
                    ReleaseLocked(waiter);
                    woken++;
                }
            }

            waiter = next;
        }

        DropIfEmptyLocked(key, queue);
        return woken;
    }

    /// <summary>Tells a waiter, which has left its queue, that its wait is over.</summary>
    private static void ReleaseLocked(FutexWaiter waiter)
    {
        waiter.IsWoken = true;
        if (waiter.Vector is { WokenIndex: < 0 } vector)
        {
            vector.WokenIndex = vector.Waiters.IndexOf(waiter);
        }

        _ = waiter.Queue.Wake();
    }

    private FutexQueue QueueLocked(in FutexKey key)
    {
        if (!_queues.TryGetValue(key, out var queue))
        {
            queue = _spare.Count > 0 ? _spare.Pop() : new FutexQueue();
            _queues.Add(key, queue);
            _sharedQueues += IsShared(key) ? 1 : 0;
        }

        return queue;
    }

    private void DropIfEmptyLocked(in FutexKey key, FutexQueue queue)
    {
        if (!queue.IsEmpty || !_queues.Remove(key))
        {
            return;
        }

        _sharedQueues -= IsShared(key) ? 1 : 0;
        if (_spare.Count < 256)
        {
            _spare.Push(queue);
        }
    }

    private bool IsShared(in FutexKey key) => key.Owner is IMemoryBacking || key.Owner is Jail;
}
