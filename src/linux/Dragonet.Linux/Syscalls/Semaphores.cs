using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>System V semaphores: making and using them.</summary>
internal static class Semaphores
{
    [Syscall(Nr.semget)]
    public static SysResult semget(Task task, int key, int count, int flags)
    {
        if (!task.Process.Ipc.HasSemaphores)
        {
            return task.Fail(Errno.ENOSYS, "the jail has none");
        }

        var ipc = task.Process.Ipc;
        if (count < 0 || count > ipc.Limits.SemMsl)
        {
            return Errno.EINVAL;
        }

        return SysResult.From(ipc.Semaphores.Get(
            task.Credentials,
            key,
            flags,
            ipc.Limits.SemMni,
            set => count > set.Count ? Errno.EINVAL : Errno.OK,
            () => count == 0 ? Errno.EINVAL
                : !HasRoom(ipc, count) || !task.Jail.Take(Resource.Semaphores, count, task) ? Errno.ENOSPC
                : new SemaphoreSet(key, (uint)flags, task.Credentials, ipc.Now, count).PaidBy(task.Jail)));
    }

    [Syscall(Nr.semop)]
    public static SysResult semop(Task task, int id, UserPtr operations, ulong count) => Operate(task, id, operations, count, default);

    [Syscall(Nr.semtimedop)]
    public static SysResult semtimedop(Task task, int id, UserPtr operations, ulong count, UserPtr timeout) => Operate(task, id, operations, count, timeout);

    private static SysResult Operate(Task task, int id, UserPtr pointer, ulong count, UserPtr timeout)
    {
        if (!task.Process.Ipc.HasSemaphores)
        {
            return task.Fail(Errno.ENOSYS, "the jail has none");
        }

        var ipc = task.Process.Ipc;
        if (task.CallState is SemaphoreWait waiting)
        {
            return Wait(task, ipc, waiting);
        }

        timespec limit = default;
        if (!timeout.IsNull && task.Memory.Read(timeout.Address, out limit) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        if (count < 1 || id < 0)
        {
            return Errno.EINVAL;
        }

        if (count > (ulong)ipc.Limits.SemOpm || !task.Jail.MayHave(Resource.SemaphoreOperations, (long)count, task))
        {
            return Errno.E2BIG;
        }

        var operations = new sembuf[count];
        if (task.Memory.ReadArray<sembuf>(pointer.Address, operations) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        if (!timeout.IsNull)
        {
            if (!limit.IsValid)
            {
                return Errno.EINVAL;
            }

            task.SetTimeout(limit.ToNanoseconds());
        }

        var undo = operations.Any(static o => (o.sem_flg & IpcFlags.SEM_UNDO) != 0) ? task.Process.SemaphoreUndo : null;
        SemaphoreWait wait;
        using (ipc.Semaphores.Lock.Enter())
        {
            if (ipc.Semaphores.FindLocked(id) is not { } set)
            {
                return Errno.EINVAL;
            }

            if (operations.Any(o => o.sem_num >= set.Count))
            {
                return Errno.EFBIG;
            }

            if (!set.Allows(task.Credentials, operations.Any(static o => o.sem_op != 0) ? 2u : 4))
            {
                return Errno.EACCES;
            }

            var error = set.TryLocked(operations, undo, task.Process.Pid, ipc.Now, out var blocking);
            if (error != Errno.EAGAIN || (operations[blocking].sem_flg & IpcFlags.IPC_NOWAIT) != 0)
            {
                return error;
            }

            wait = new SemaphoreWait(ipc.Semaphores, set, operations, undo, task.Process.Pid) { Blocking = blocking };
            set.WaitLocked(wait);
        }

        task.CallState = wait;
        return Wait(task, ipc, wait);
    }

    /// <summary>Whoever changes the set performs the operations; they are never restarted after a signal (signal(7)).</summary>
    private static SysResult Wait(Task task, IpcNamespace ipc, SemaphoreWait wait)
    {
        using (ipc.Semaphores.Lock.Enter())
        {
            if (wait.Result is { } result)
            {
                return result;
            }
        }

        return task.TimedOut ? Errno.EAGAIN : task.WaitOn(wait.Finished, RestartKind.Interrupt);
    }

    private static bool HasRoom(IpcNamespace ipc, int count)
    {
        using (ipc.Semaphores.Lock.Enter())
        {
            long used = 0;
            foreach (var set in ipc.Semaphores.AllLocked)
            {
                used += set.Count;
            }

            return used + count <= ipc.Limits.SemMns;
        }
    }
}
