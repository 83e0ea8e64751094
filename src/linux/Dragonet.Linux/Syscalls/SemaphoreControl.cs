using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>semctl(2).</summary>
internal static class SemaphoreControl
{
    [Syscall(Nr.semctl)]
    public static SysResult semctl(Task task, int id, int number, int command, ulong argument)
    {
        if (!task.Process.Ipc.HasSemaphores)
        {
            return task.Fail(Errno.ENOSYS, "the jail has none");
        }

        if (id < 0)
        {
            return Errno.EINVAL;
        }

        return command switch
        {
            IpcFlags.IPC_INFO or IpcFlags.SEM_INFO => Limits(task, command == IpcFlags.SEM_INFO, argument),
            IpcFlags.IPC_STAT or IpcFlags.SEM_STAT or IpcFlags.SEM_STAT_ANY => Stat(task, id, command, argument),
            IpcFlags.GETALL => GetAll(task, id, argument),
            IpcFlags.SETALL => SetAll(task, id, argument),
            IpcFlags.GETVAL or IpcFlags.GETPID or IpcFlags.GETNCNT or IpcFlags.GETZCNT => Get(task, id, number, command),
            IpcFlags.SETVAL => SetValue(task, id, number, (int)argument),
            IpcFlags.IPC_SET => Set(task, id, argument),
            IpcFlags.IPC_RMID => Remove(task, id),
            _ => Errno.EINVAL,
        };
    }

    /// <summary>struct seminfo: limits, and with SEM_INFO what is in use.</summary>
    private static SysResult Limits(Task task, bool use, ulong buffer)
    {
        const int undoSize = 20; // SEMUSZ
        var ipc = task.Process.Ipc;
        var limits = ipc.Limits;
        int sets, semaphores, highest;
        using (ipc.Semaphores.Lock.Enter())
        {
            (sets, semaphores, highest) = (ipc.Semaphores.CountLocked, ipc.Semaphores.AllLocked.Sum(set => set.Count), ipc.Semaphores.HighestLocked);
        }

        ReadOnlySpan<int> info =
        [
            limits.SemMns, limits.SemMni, limits.SemMns, limits.SemMns, limits.SemMsl, limits.SemOpm, limits.SemOpm, use ? sets : undoSize,
            IpcLimits.SemaphoreMax, use ? semaphores : IpcLimits.SemaphoreMax,
        ];
        return task.Memory.WriteArray(buffer, info) == Errno.OK ? highest : Errno.EFAULT;
    }

    private static SysResult Stat(Task task, int id, int command, ulong buffer)
    {
        var ipc = task.Process.Ipc;
        semid64_ds record;
        int found;
        using (ipc.Semaphores.Lock.Enter())
        {
            if ((command == IpcFlags.IPC_STAT ? ipc.Semaphores.FindLocked(id) : ipc.Semaphores.FindIndexLocked(id)) is not { } set)
            {
                return Errno.EINVAL;
            }

            if (command != IpcFlags.SEM_STAT_ANY && !set.Allows(task.Credentials, 4))
            {
                return Errno.EACCES;
            }

            found = set.Id;
            record = new semid64_ds { sem_perm = IpcOwner.Show(task, set.ToPerm()), sem_otime = set.OperationTime, sem_ctime = set.ChangeTime, sem_nsems = (ulong)set.Count };
        }

        return task.Memory.Write(buffer, record) != Errno.OK ? Errno.EFAULT : command == IpcFlags.IPC_STAT ? 0 : found;
    }

    private static SysResult GetAll(Task task, int id, ulong buffer)
    {
        var ipc = task.Process.Ipc;
        ushort[] values;
        using (ipc.Semaphores.Lock.Enter())
        {
            if (Find(task, id, 4).Ok(out var set, out var error))
            {
                values = new ushort[set.Count];
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = (ushort)set.GetValueLocked(i);
                }
            }
            else
            {
                return error;
            }
        }

        return task.Memory.WriteArray<ushort>(buffer, values);
    }

    private static SysResult SetAll(Task task, int id, ulong buffer)
    {
        var ipc = task.Process.Ipc;
        ushort[] values;
        using (ipc.Semaphores.Lock.Enter())
        {
            if (!Find(task, id, 2).Ok(out var set, out var error))
            {
                return error;
            }

            values = new ushort[set.Count];
        }

        if (task.Memory.ReadArray<ushort>(buffer, values) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        if (values.Any(static value => value > IpcLimits.SemaphoreMax))
        {
            return Errno.ERANGE;
        }

        using (ipc.Semaphores.Lock.Enter())
        {
            if (ipc.Semaphores.FindLocked(id) is not { } set)
            {
                return Errno.EIDRM;
            }

            set.SetValuesLocked(0, values, task.Process.Pid, ipc.Now);
            return 0;
        }
    }

    private static SysResult Get(Task task, int id, int number, int command)
    {
        using (task.Process.Ipc.Semaphores.Lock.Enter())
        {
            return !Find(task, id, 4).Ok(out var set, out var error) ? error
                : number < 0 || number >= set.Count ? Errno.EINVAL
                : command switch
                {
                    IpcFlags.GETVAL => set.GetValueLocked(number),
                    IpcFlags.GETPID => set.GetPidLocked(number),
                    _ => set.CountWaitingLocked(number, zero: command == IpcFlags.GETZCNT),
                };
        }
    }

    private static SysResult SetValue(Task task, int id, int number, int value)
    {
        if (value is < 0 or > IpcLimits.SemaphoreMax)
        {
            return Errno.ERANGE;
        }

        var ipc = task.Process.Ipc;
        using (ipc.Semaphores.Lock.Enter())
        {
            if (ipc.Semaphores.FindLocked(id) is not { } set || number < 0 || number >= set.Count)
            {
                return Errno.EINVAL;
            }

            if (!set.Allows(task.Credentials, 2))
            {
                return Errno.EACCES;
            }

            set.SetValuesLocked(number, [(ushort)value], task.Process.Pid, ipc.Now);
            return 0;
        }
    }

    private static SysResult Set(Task task, int id, ulong buffer)
    {
        if (task.Memory.Read(buffer, out semid64_ds wanted) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        var ipc = task.Process.Ipc;
        using (ipc.Semaphores.Lock.Enter())
        {
            return ipc.Semaphores.FindLocked(id) is not { } set ? Errno.EINVAL : IpcOwner.Change(task, set, wanted.sem_perm, ipc.Now);
        }
    }

    private static SysResult Remove(Task task, int id)
    {
        var table = task.Process.Ipc.Semaphores;
        using (table.Lock.Enter())
        {
            if (table.FindLocked(id) is not { } set)
            {
                return Errno.EINVAL;
            }

            if (!set.IsOwner(task.Credentials))
            {
                return Errno.EPERM;
            }

            table.RemoveLocked(set);
            set.RemoveLocked();
            return 0;
        }
    }

    private static Result<SemaphoreSet> Find(Task task, int id, uint wanted)
        => task.Process.Ipc.Semaphores.FindLocked(id) is not { } set ? Errno.EINVAL : set.Allows(task.Credentials, wanted) ? set : Errno.EACCES;
}
