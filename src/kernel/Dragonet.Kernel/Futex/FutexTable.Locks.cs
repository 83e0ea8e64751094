using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>Futexes as locks with an owner (futex(2), "Priority-inheritance futexes"). There are no priorities: the oldest waiter is next.</summary>
public sealed partial class FutexTable
{
    /// <summary>FUTEX_LOCK_PI and FUTEX_TRYLOCK_PI: takes the lock (null), or joins its queue.</summary>
    /// <returns>EDEADLK when the caller has it, ESRCH when its owner is gone, EAGAIN for a failed try.</returns>
    public Result<FutexWaiter?> Lock(Task task, in FutexKey key, ulong address, bool isTry)
    {
        while (true)
        {
            if (Mark(task, task, address, isTry) is not Errno.OK and var error)
            {
                return error;
            }

            using (_lock.Enter())
            {
                if (!TryTakeLocked(task, key, task, address, isTry).Ok(out var taken, out error))
                {
                    return error;
                }

                if (taken is { } isOwner)
                {
                    if (isOwner)
                    {
                        return (FutexWaiter?)null;
                    }

                    var waiter = new FutexWaiter(this, task, key, FutexBits.FUTEX_BITSET_MATCH_ANY) { IsLocker = true };
                    QueueLocked(key).Add(waiter);
                    return waiter;
                }
            }
        }
    }

    /// <summary>FUTEX_UNLOCK_PI: hands the lock to the oldest waiter, or frees it. EPERM when the caller does not have it.</summary>
    public Errno Unlock(Task task, in FutexKey key, ulong address)
    {
        using (_lock.Enter())
        {
            if (task.Memory.Read(address, out uint value) is not Errno.OK and var error)
            {
                return error;
            }

            return (value & FutexBits.FUTEX_TID_MASK) == (uint)task.Tid ? HandOverLocked(task, key, address, 0) : Errno.EPERM;
        }
    }

    /// <summary>FUTEX_WAIT_REQUEUE_PI: waits to be moved to the queue of a lock.</summary>
    public Result<FutexWaiter> WaitForLock(Task task, in FutexKey key, ulong address, uint expected, uint bitset, in FutexKey target)
    {
        return key == target ? Errno.EINVAL : Wait(task, key, address, expected, bitset, target);
    }

    /// <summary>FUTEX_CMP_REQUEUE_PI: gives the lock to the first waiter if it is free, and moves others to its queue.</summary>
    /// <returns>How many were woken and moved.</returns>
    public Result<int> RequeueToLock(Task task, in FutexKey from, in FutexKey to, ulong lockAddress, int move, ulong address, uint expected)
    {
        while (true)
        {
            if (task.Thread.SetHighBit(lockAddress) is not Errno.OK and var error)
            {
                return error;
            }

            using (_lock.Enter())
            {
                var moved = RequeueLocked(task, from, to, lockAddress, move, address, expected);
                if (moved is not null)
                {
                    return moved.Value;
                }
            }
        }
    }

    /// <returns>Null when the mark of the lock is gone before anybody was moved: to be done again.</returns>
    private Result<int>? RequeueLocked(Task task, in FutexKey from, in FutexKey to, ulong lockAddress, int move, ulong address, uint expected)
    {
        if (task.Memory.Read(address, out uint value) is not Errno.OK and var error)
        {
            return error;
        }

        if (value != expected)
        {
            return Errno.EAGAIN;
        }

        var count = 0;
        if (!_queues.TryGetValue(from, out var queue))
        {
            return 0;
        }

        while (count <= move && queue.First is { } waiter)
        {
            if (waiter.RequeueTarget != to)
            {
                return count > 0 ? count : Errno.EINVAL;
            }

            if (!TryTakeLocked(waiter.Task, to, task, lockAddress, isTry: false).Ok(out var taken, out error))
            {
                return count > 0 ? count : error;
            }

            if (taken is null)
            {
                return count > 0 ? count : null;
            }

            queue.Remove(waiter);
            waiter.RequeueTarget = null;
            if (taken.Value)
            {
                ReleaseLocked(waiter);
            }
            else
            {
                waiter.Key = to;
                waiter.IsLocker = true;
                QueueLocked(to).Add(waiter);
            }

            count++;
        }

        DropIfEmptyLocked(from, queue);
        return count;
    }

    /// <summary>
    /// Marks the word of a lock as waited for, unless the answer is clear. From then on only the kernel changes it: the owner's and other
    /// lockers' fast paths compare it with a word that has no mark. The mark itself must be atomic with those, which copies from and to
    /// the guest's memory are not.
    /// </summary>
    private static Errno Mark(Task task, Task caller, ulong address, bool isTry)
    {
        if (caller.Memory.Read(address, out uint value) is not Errno.OK and var error)
        {
            return error;
        }

        error = CheckOwner(task, value, isTry);
        return error != Errno.OK ? error : caller.Thread.SetHighBit(address);
    }

    private static Errno CheckOwner(Task task, uint value, bool isTry)
    {
        var owner = value & FutexBits.FUTEX_TID_MASK;
        return owner == 0 ? Errno.OK
            : owner == (uint)task.Tid ? Errno.EDEADLK
            : isTry ? Errno.EAGAIN
            : task.Kernel.Pids.FindTask((int)owner) is null ? Errno.ESRCH : Errno.OK;
    }

    /// <summary>Makes <paramref name="task"/> the owner if nobody is.</summary>
    /// <returns>False when it has to wait; null when the word has no mark (any more).</returns>
    private Result<bool?> TryTakeLocked(Task task, in FutexKey key, Task caller, ulong address, bool isTry)
    {
        if (caller.Memory.Read(address, out uint value) is not Errno.OK and var error)
        {
            return error;
        }

        if ((value & FutexBits.FUTEX_WAITERS) == 0)
        {
            return (bool?)null;
        }

        error = CheckOwner(task, value, isTry);
        if (error != Errno.OK || (value & FutexBits.FUTEX_TID_MASK) != 0)
        {
            return error != Errno.OK ? error : (bool?)false;
        }

        var waiters = _queues.ContainsKey(key) ? FutexBits.FUTEX_WAITERS : 0;
        error = caller.Memory.Write(address, (uint)task.Tid | (value & FutexBits.FUTEX_OWNER_DIED) | waiters);
        return error == Errno.OK ? (bool?)true : error;
    }

    private Errno HandOverLocked(Task task, in FutexKey key, ulong address, uint flags)
    {
        FutexWaiter? next = null;
        var more = false;
        if (_queues.TryGetValue(key, out var queue))
        {
            while (queue.First is { } waiter)
            {
                if (!waiter.IsLocker)
                {
                    return Errno.EINVAL;
                }

                queue.Remove(waiter);
                if (!waiter.Task.IsDead)
                {
                    next = waiter;
                    break;
                }
            }

            more = !queue.IsEmpty;
            DropIfEmptyLocked(key, queue);
        }

        var word = next is null ? flags : (uint)next.Task.Tid | flags | (more ? FutexBits.FUTEX_WAITERS : 0);
        var error = task.Memory.Write(address, word);
        if (next is not null)
        {
            ReleaseLocked(next);
        }

        return error;
    }
}
