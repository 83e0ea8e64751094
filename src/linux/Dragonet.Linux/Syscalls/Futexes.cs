using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>
/// Futexes in the virtual kernel (futex(2)). Differs from Linux: there are no priorities, so PI futexes are first come, first served;
/// see <see cref="FutexTable"/> for what "atomic" means here.
/// </summary>
internal static class Futexes
{
    [Syscall(Nr.futex, Support.Partial, "PI futexes do not inherit priorities; FUTEX_FD answers ENOSYS as in Linux")]
    public static SysResult futex(Task task, UserPtr word, int operation, uint value, ulong timeoutOrCount, UserPtr secondWord, uint value3)
    {
        var isPrivate = (operation & FutexBits.FUTEX_PRIVATE_FLAG) != 0;
        var isRealtime = (operation & FutexBits.FUTEX_CLOCK_REALTIME) != 0;
        var command = (FutexOp)(operation & ~(FutexBits.FUTEX_PRIVATE_FLAG | FutexBits.FUTEX_CLOCK_REALTIME));
        if (isRealtime && command is not (FutexOp.FUTEX_WAIT_BITSET or FutexOp.FUTEX_WAIT_REQUEUE_PI or FutexOp.FUTEX_LOCK_PI2))
        {
            return Errno.ENOSYS;
        }

        if (task.CallState is FutexWaiter waiter)
        {
            return Continue(task, waiter, command);
        }

        var table = task.Kernel.Futexes;
        if (!table.GetKey(task, word.Address, isPrivate).Ok(out var key, out var error))
        {
            return error;
        }

        FutexKey second = default;
        if (command is FutexOp.FUTEX_REQUEUE or FutexOp.FUTEX_CMP_REQUEUE or FutexOp.FUTEX_WAKE_OP or FutexOp.FUTEX_WAIT_REQUEUE_PI or FutexOp.FUTEX_CMP_REQUEUE_PI
            && !table.GetKey(task, secondWord.Address, isPrivate).Ok(out second, out error))
        {
            return error;
        }

        switch (command)
        {
            case FutexOp.FUTEX_WAIT or FutexOp.FUTEX_WAIT_BITSET:
                var bitset = command == FutexOp.FUTEX_WAIT ? FutexBits.FUTEX_BITSET_MATCH_ANY : value3;
                error = SetTimeout(task, timeoutOrCount, isAbsolute: command != FutexOp.FUTEX_WAIT, isRealtime);
                return error != Errno.OK ? error : bitset == 0 ? Errno.EINVAL : Begin(task, table.Wait(task, key, word.Address, value, bitset), command);

            case FutexOp.FUTEX_WAKE:
                return SysResult.From(table.Wake(key, Math.Max(1, (int)value)));

            case FutexOp.FUTEX_WAKE_BITSET:
                return value3 == 0 ? Errno.EINVAL : SysResult.From(table.Wake(key, Math.Max(1, (int)value), value3));

            case FutexOp.FUTEX_REQUEUE or FutexOp.FUTEX_CMP_REQUEUE:
                if ((int)value < 0 || (int)timeoutOrCount < 0)
                {
                    return Errno.EINVAL;
                }

                var isCompared = command == FutexOp.FUTEX_CMP_REQUEUE;
                var moved = table.Requeue(task, key, second, (int)value, (int)timeoutOrCount, isCompared ? word.Address : 0, value3);
                return moved.IsOk ? moved.Value.Woken + moved.Value.Moved : moved.Error;

            case FutexOp.FUTEX_WAKE_OP:
                return SysResult.From(table.WakeOp(task, key, second, secondWord.Address, Math.Max(1, (int)value), Math.Max(1, (int)timeoutOrCount), value3));

            case FutexOp.FUTEX_LOCK_PI or FutexOp.FUTEX_LOCK_PI2 or FutexOp.FUTEX_TRYLOCK_PI:
                if (command != FutexOp.FUTEX_TRYLOCK_PI)
                {
                    error = SetTimeout(task, timeoutOrCount, isAbsolute: true, isRealtime || command == FutexOp.FUTEX_LOCK_PI);
                    if (error != Errno.OK)
                    {
                        return error;
                    }
                }

                var locked = table.Lock(task, key, word.Address, command == FutexOp.FUTEX_TRYLOCK_PI);
                return !locked.IsOk ? locked.Error : locked.Value is { } locker ? Begin(task, locker, command) : 0;

            case FutexOp.FUTEX_UNLOCK_PI:
                return table.Unlock(task, key, word.Address);

            case FutexOp.FUTEX_WAIT_REQUEUE_PI:
                error = SetTimeout(task, timeoutOrCount, isAbsolute: true, isRealtime);
                return error != Errno.OK ? error
                    : value3 == 0 ? Errno.EINVAL
                    : Begin(task, table.WaitForLock(task, key, word.Address, value, value3, second), command);

            case FutexOp.FUTEX_CMP_REQUEUE_PI:
                return value != 1 || key == second ? Errno.EINVAL
                    : SysResult.From(table.RequeueToLock(task, key, second, secondWord.Address, (int)timeoutOrCount, word.Address, value3));

            default:
                return Errno.ENOSYS;
        }
    }

    [Syscall(Nr.futex_wait, Support.Partial, "ENOSYS where the host has none (before Linux 6.7), but for strict mode")]
    public static SysResult futex_wait(Task task, UserPtr word, ulong expected, ulong mask, uint flags, UserPtr timeout, ClockId clock)
    {
        if (task.CallState is FutexWaiter waiter)
        {
            return Continue(task, waiter, FutexOp.FUTEX_WAIT_BITSET);
        }

        if (!IsValid(flags) || mask is 0 or > uint.MaxValue || expected > uint.MaxValue)
        {
            return Errno.EINVAL;
        }

        var error = SetTimeout(task, timeout, clock);
        if (error != Errno.OK || !task.Kernel.Futexes.GetKey(task, word.Address, (flags & FutexBits.FUTEX2_PRIVATE) != 0).Ok(out var key, out error))
        {
            return error;
        }

        return Begin(task, task.Kernel.Futexes.Wait(task, key, word.Address, (uint)expected, (uint)mask), FutexOp.FUTEX_WAIT_BITSET);
    }

    [Syscall(Nr.futex_wake, Support.Partial, "ENOSYS where the host has none (before Linux 6.7), but for strict mode")]
    public static SysResult futex_wake(Task task, UserPtr word, ulong mask, int count, uint flags)
    {
        if (!IsValid(flags) || mask is 0 or > uint.MaxValue)
        {
            return Errno.EINVAL;
        }

        return task.Kernel.Futexes.GetKey(task, word.Address, (flags & FutexBits.FUTEX2_PRIVATE) != 0).Ok(out var key, out var error)
            ? SysResult.From(task.Kernel.Futexes.Wake(key, count, (uint)mask))
            : error;
    }

    [Syscall(Nr.futex_requeue, Support.Partial, "ENOSYS where the host has none (before Linux 6.7), but for strict mode")]
    public static SysResult futex_requeue(Task task, UserPtr pair, uint flags, int wake, int move)
    {
        Span<futex_waitv> futexes = stackalloc futex_waitv[2];
        var error = task.Memory.ReadArray(pair.Address, futexes);
        if (error != Errno.OK)
        {
            return error;
        }

        if (flags != 0 || wake < 0 || move < 0 || !IsValid(futexes[0].flags) || !IsValid(futexes[1].flags))
        {
            return Errno.EINVAL;
        }

        var table = task.Kernel.Futexes;
        if (!table.GetKey(task, futexes[0].uaddr, (futexes[0].flags & FutexBits.FUTEX2_PRIVATE) != 0).Ok(out var from, out error)
            || !table.GetKey(task, futexes[1].uaddr, (futexes[1].flags & FutexBits.FUTEX2_PRIVATE) != 0).Ok(out var to, out error))
        {
            return error;
        }

        var moved = table.Requeue(task, from, to, wake, move, futexes[0].uaddr, (uint)futexes[0].val);
        return moved.IsOk ? moved.Value.Woken + moved.Value.Moved : moved.Error;
    }

    [Syscall(Nr.futex_waitv)]
    public static SysResult futex_waitv(Task task, UserPtr waiters, uint count, uint flags, UserPtr timeout, ClockId clock)
    {
        if (task.CallState is FutexVector vector)
        {
            return Continue(task, vector);
        }

        if (flags != 0 || count is 0 or > FutexBits.FUTEX_WAITV_MAX)
        {
            return Errno.EINVAL;
        }

        var error = SetTimeout(task, timeout, clock);
        if (error != Errno.OK)
        {
            return error;
        }

        var entries = new futex_waitv[count];
        error = task.Memory.ReadArray<futex_waitv>(waiters.Address, entries);
        if (error != Errno.OK)
        {
            return error;
        }

        var futexes = new (FutexKey, ulong, uint)[count];
        for (var i = 0; i < entries.Length; i++)
        {
            ref readonly var entry = ref entries[i];
            if (!IsValid(entry.flags) || entry.__reserved != 0)
            {
                return Errno.EINVAL;
            }

            if (!task.Kernel.Futexes.GetKey(task, entry.uaddr, (entry.flags & FutexBits.FUTEX2_PRIVATE) != 0).Ok(out var key, out error))
            {
                return error;
            }

            futexes[i] = (key, entry.uaddr, (uint)entry.val);
        }

        if (!task.Kernel.Futexes.Wait(task, futexes).Ok(out vector!, out error))
        {
            return error;
        }

        task.CallState = vector;
        task.OnInterrupted = static (task, result) => task.CallState is FutexVector vector && vector.Withdraw() is >= 0 and var index ? index : result;
        return Continue(task, vector);
    }

    [Syscall(Nr.set_robust_list)]
    public static SysResult set_robust_list(Task task, UserPtr head, ulong length)
    {
        if (length != 24)
        {
            return Errno.EINVAL;
        }

        task.RobustList = head.Address;
        return 0;
    }

    [Syscall(Nr.get_robust_list)]
    public static SysResult get_robust_list(Task task, int tid, UserPtr head, UserPtr length)
    {
        var target = tid == 0 ? task : task.Jail.FindTask(tid);
        if (target is null)
        {
            return Errno.ESRCH;
        }

        if (!TraceAccess.MayAttach(task, target.Process))
        {
            return Errno.EPERM;
        }

        var error = task.Memory.Write(length.Address, 24UL);
        return error != Errno.OK ? error : task.Memory.Write(head.Address, target.RobustList);
    }

    [Syscall(Nr.set_tid_address)]
    public static SysResult set_tid_address(Task task, UserPtr word)
    {
        task.ClearTid = word.Address;
        return task.Tid;
    }

    private static bool IsValid(uint flags) =>
        (flags & ~(FutexBits.FUTEX2_SIZE_MASK | FutexBits.FUTEX2_PRIVATE)) == 0 && (flags & FutexBits.FUTEX2_SIZE_MASK) == FutexBits.FUTEX2_SIZE_U32;

    private static SysResult Begin(Task task, Result<FutexWaiter> waiter, FutexOp command) =>
        waiter.IsOk ? Begin(task, waiter.Value, command) : waiter.Error;

    private static SysResult Begin(Task task, FutexWaiter waiter, FutexOp command)
    {
        task.CallState = waiter;
        task.OnInterrupted = static (task, result) => task.CallState is FutexWaiter waiter && !waiter.Withdraw() ? 0 : result;
        return Continue(task, waiter, command);
    }

    private static SysResult Continue(Task task, FutexWaiter waiter, FutexOp command)
    {
        if (waiter.IsWoken)
        {
            return 0;
        }

        if (task.TimedOut)
        {
            return waiter.Withdraw() ? Errno.ETIMEDOUT : 0;
        }

        // A wait with a timeout is not restarted after a handler (ERESTART_RESTARTBLOCK); taking a lock always is.
        var isLocking = command is FutexOp.FUTEX_LOCK_PI or FutexOp.FUTEX_LOCK_PI2;
        return task.WaitOn(waiter.Queue, isLocking ? RestartKind.Always : task.Deadline == long.MaxValue ? RestartKind.Restart : RestartKind.Interrupt);
    }

    private static SysResult Continue(Task task, FutexVector vector)
    {
        if (vector.WokenIndex >= 0)
        {
            return vector.Withdraw();
        }

        if (task.TimedOut)
        {
            return vector.Withdraw() is >= 0 and var index ? index : Errno.ETIMEDOUT;
        }

        return task.WaitOn(vector.Queue, task.Deadline == long.MaxValue ? RestartKind.Restart : RestartKind.Interrupt);
    }

    private static Errno SetTimeout(Task task, ulong pointer, bool isAbsolute, bool isRealtime)
    {
        if (pointer == 0)
        {
            return Errno.OK;
        }

        if (!isAbsolute)
        {
            if (!task.ReadTimespec(new UserPtr(pointer)).Ok(out var nanoseconds, out var error))
            {
                return error;
            }

            task.SetTimeout(nanoseconds);
            return Errno.OK;
        }

        return SetTimeout(task, new UserPtr(pointer), isRealtime ? ClockId.CLOCK_REALTIME : ClockId.CLOCK_MONOTONIC);
    }

    private static Errno SetTimeout(Task task, UserPtr pointer, ClockId clock)
    {
        if (pointer.IsNull)
        {
            return Errno.OK;
        }

        if (clock is not (ClockId.CLOCK_REALTIME or ClockId.CLOCK_MONOTONIC))
        {
            return Errno.EINVAL;
        }

        if (!task.ReadTimespec(pointer).Ok(out var nanoseconds, out var error))
        {
            return error;
        }

        task.SetDeadline(ClockMath.ToMonotonic(task.Kernel, clock, nanoseconds));
        return Errno.OK;
    }
}
