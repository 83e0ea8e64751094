using Dragonet.Abi;

namespace Dragonet.Kernel;

/// <summary>What a task leaves behind in futexes when it ends.</summary>
public sealed partial class FutexTable
{
    /// <summary>Walks the list of robust futexes (get_robust_list(2)): what the task still owns is marked FUTEX_OWNER_DIED, and one waiter
    /// is woken. To be called while the task's memory is there.</summary>
    public void ExitRobust(Task task)
    {
        if (task.RobustList == 0 || task.Thread.Space.Read(task.RobustList, out robust_list_head head) is not Errno.OK)
        {
            return;
        }

        var pending = head.list_op_pending;
        var entry = head.list;
        for (var count = 0; (entry & ~1UL) != task.RobustList && count < FutexBits.ROBUST_LIST_LIMIT; count++)
        {
            // The next pointer first: once the word is free its memory may be reused.
            var readable = task.Thread.Space.Read(entry & ~1UL, out ulong next) == Errno.OK;
            if ((entry & ~1UL) != (pending & ~1UL))
            {
                OwnerDied(task, entry, head.futex_offset, isPending: false);
            }

            if (!readable)
            {
                break;
            }

            entry = next;
        }

        if (pending != 0)
        {
            OwnerDied(task, pending, head.futex_offset, isPending: true);
        }

        task.RobustList = 0;
    }

    /// <summary>Writes 0 to the clear-tid word and wakes who waits for it (set_tid_address(2)).</summary>
    public void ClearTid(Task task)
    {
        var address = task.ClearTid;
        task.ClearTid = 0;
        if (address == 0 || task.Thread.Space.Write(address, 0) != Errno.OK)
        {
            return;
        }

        WakeEverywhere(task, address);
    }

    private void OwnerDied(Task task, ulong entry, long offset, bool isPending)
    {
        // Bit 0 of the pointer tells a priority-inheritance futex.
        var isLock = (entry & 1) != 0;
        var address = (entry & ~1UL) + (ulong)offset;
        if ((address & 3) != 0)
        {
            return;
        }

        bool wake;
        using (_lock.Enter())
        {
            if (task.Thread.Space.Read(address, out uint value) != Errno.OK)
            {
                return;
            }

            wake = isPending && !isLock && value == 0;
            if ((value & FutexBits.FUTEX_TID_MASK) == (uint)task.Tid)
            {
                wake = (value & FutexBits.FUTEX_WAITERS) != 0;
                if (task.Thread.Space.Write(address, (value & FutexBits.FUTEX_WAITERS) | FutexBits.FUTEX_OWNER_DIED) != Errno.OK)
                {
                    return;
                }
            }
        }

        if (!wake)
        {
            return;
        }

        if (!isLock)
        {
            WakeEverywhere(task, address);
        }
        else
        {
            HandOver(task, address);
        }
    }

    private void HandOver(Task task, ulong address)
    {
        FutexKey? found = null;
        using (_lock.Enter())
        {
            var own = new FutexKey(task.Process.MemoryId, address);
            found = _queues.ContainsKey(own) ? own : null;
        }

        if (found is null && GetKey(task, address, isPrivate: false).Ok(out var shared, out _))
        {
            found = shared;
        }

        if (found is { } key)
        {
            using (_lock.Enter())
            {
                _ = HandOverLocked(task, key, address, FutexBits.FUTEX_OWNER_DIED);
            }
        }
    }

    private static void RecheckNative(Task task)
    {
        if (task.Kernel.Platform.HasNativeFutex)
        {
            // Waiters sleep in the host's futex. A signal makes each look at its word again: the host restarts the wait, which
            // then finds the new value.
            task.Kernel.RecheckFutexes();
        }
    }

    /// <summary>Wakes one waiter of the address, whether it waits for it as a private futex or as a shared one.</summary>
    private void WakeEverywhere(Task task, ulong address)
    {
        RecheckNative(task);
        if (Wake(new FutexKey(task.Process.MemoryId, address), 1) is { IsOk: true, Value: > 0 })
        {
            return;
        }

        using (_lock.Enter())
        {
            if (_sharedQueues == 0)
            {
                return;
            }
        }

        if (GetKey(task, address, isPrivate: false).Ok(out var shared, out _))
        {
            _ = Wake(shared, 1);
        }
    }
}
