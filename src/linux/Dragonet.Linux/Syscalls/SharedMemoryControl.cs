using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>shmctl(2).</summary>
internal static class SharedMemoryControl
{
    [Syscall(Nr.shmctl, Support.Partial, "SHM_LOCK is accepted; guest memory is never locked on the host")]
    public static SysResult shmctl(Task task, int id, int command, UserPtr buffer)
    {
        if (!task.Process.Ipc.HasSegments)
        {
            return task.Fail(Errno.ENOSYS, "the jail has none");
        }

        if (id < 0 || command < 0)
        {
            return Errno.EINVAL;
        }

        task.Process.Ipc.FreeUnused();
        return command switch
        {
            IpcFlags.IPC_INFO => Limits(task, buffer),
            IpcFlags.SHM_INFO => Totals(task, buffer),
            IpcFlags.IPC_STAT or IpcFlags.SHM_STAT or IpcFlags.SHM_STAT_ANY => Stat(task, id, command, buffer),
            IpcFlags.IPC_SET => Set(task, id, buffer),
            IpcFlags.IPC_RMID => Remove(task, id),
            IpcFlags.SHM_LOCK or IpcFlags.SHM_UNLOCK => Lock(task, id, command == IpcFlags.SHM_LOCK),
            _ => Errno.EINVAL,
        };
    }

    /// <summary>struct shminfo64.</summary>
    private static SysResult Limits(Task task, UserPtr buffer)
    {
        var ipc = task.Process.Ipc;
        ReadOnlySpan<ulong> info = [ipc.Limits.ShmMax, 1, (ulong)ipc.Limits.ShmMni, (ulong)ipc.Limits.ShmMni, ipc.Limits.ShmAll, 0, 0, 0, 0];
        return task.Memory.WriteArray(buffer.Address, info) == Errno.OK ? Highest(ipc) : Errno.EFAULT;
    }

    /// <summary>struct shm_info.</summary>
    private static SysResult Totals(Task task, UserPtr buffer)
    {
        var ipc = task.Process.Ipc;
        Span<ulong> info = stackalloc ulong[6];
        info.Clear();
        using (ipc.Segments.Lock.Enter())
        {
            foreach (var segment in ipc.Segments.AllLocked)
            {
                info[0]++;
                info[1] += segment.MappedSize / 4096;
                info[2] += (ulong)segment.Backing.Allocated / 4096;
            }
        }

        return task.Memory.WriteArray<ulong>(buffer.Address, info) == Errno.OK ? Highest(ipc) : Errno.EFAULT;
    }

    private static int Highest(IpcNamespace ipc)
    {
        using (ipc.Segments.Lock.Enter())
        {
            return ipc.Segments.HighestLocked;
        }
    }

    private static SysResult Stat(Task task, int id, int command, UserPtr buffer)
    {
        var ipc = task.Process.Ipc;
        shmid64_ds record;
        SharedSegment segment;
        using (ipc.Segments.Lock.Enter())
        {
            if ((command == IpcFlags.IPC_STAT ? ipc.Segments.FindLocked(id) : ipc.Segments.FindIndexLocked(id)) is not { } found)
            {
                return Errno.EINVAL;
            }

            if (command != IpcFlags.SHM_STAT_ANY && !found.Allows(task.Credentials, 4))
            {
                return Errno.EACCES;
            }

            segment = found;
            record = new shmid64_ds
            {
                shm_perm = IpcOwner.Show(task, found.ToPerm()), shm_segsz = found.Size, shm_atime = found.AttachTime, shm_dtime = found.DetachTime,
                shm_ctime = found.ChangeTime, shm_cpid = found.CreatorPid, shm_lpid = found.LastPid,
            };
        }

        record.shm_nattch = (ulong)ipc.CountAttached(segment);
        return task.Memory.Write(buffer.Address, record) != Errno.OK ? Errno.EFAULT : command == IpcFlags.IPC_STAT ? 0 : segment.Id;
    }

    private static SysResult Set(Task task, int id, UserPtr buffer)
    {
        if (task.Memory.Read(buffer.Address, out shmid64_ds wanted) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        var ipc = task.Process.Ipc;
        using (ipc.Segments.Lock.Enter())
        {
            return ipc.Segments.FindLocked(id) is not { } segment ? Errno.EINVAL
                : IpcOwner.Change(task, segment, wanted.shm_perm, ipc.Now);
        }
    }

    private static SysResult Remove(Task task, int id)
    {
        var ipc = task.Process.Ipc;
        SharedSegment segment;
        using (ipc.Segments.Lock.Enter())
        {
            if (ipc.Segments.FindLocked(id) is not { } found)
            {
                return Errno.EINVAL;
            }

            if (!found.IsOwner(task.Credentials))
            {
                return Errno.EPERM;
            }

            segment = found;
            segment.DoomLocked();
        }

        ipc.FreeIfUnused(segment);
        return 0;
    }

    private static SysResult Lock(Task task, int id, bool locked)
    {
        var ipc = task.Process.Ipc;
        using (ipc.Segments.Lock.Enter())
        {
            if (ipc.Segments.FindLocked(id) is not { } segment)
            {
                return Errno.EINVAL;
            }

            var who = task.Credentials;
            if (!who.Has(Capability.CAP_IPC_LOCK)
                && ((who.EffectiveUid != segment.Uid && who.EffectiveUid != segment.CreatorUid) || (locked && task.Process.Limits[Rlimits.MemLock].Soft == 0)))
            {
                return Errno.EPERM;
            }

            segment.Mode = locked ? segment.Mode | IpcFlags.SHM_LOCKED : segment.Mode & ~IpcFlags.SHM_LOCKED;
            return 0;
        }
    }
}
