using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>msgctl(2).</summary>
internal static class MessageQueueControl
{
    [Syscall(Nr.msgctl)]
    public static SysResult msgctl(Task task, int id, int command, UserPtr buffer)
    {
        if (!task.Process.Ipc.HasQueues)
        {
            return task.Fail(Errno.ENOSYS, "the jail has none");
        }

        if (id < 0 || command < 0)
        {
            return Errno.EINVAL;
        }

        return command switch
        {
            IpcFlags.IPC_INFO or IpcFlags.MSG_INFO => Limits(task, command == IpcFlags.MSG_INFO, buffer),
            IpcFlags.IPC_STAT or IpcFlags.MSG_STAT or IpcFlags.MSG_STAT_ANY => Stat(task, id, command, buffer),
            IpcFlags.IPC_SET => Set(task, id, buffer),
            IpcFlags.IPC_RMID => Remove(task, id),
            _ => Errno.EINVAL,
        };
    }

    /// <summary>struct msginfo: msgpool, msgmap, msgmax, msgmnb, msgmni, msgssz, msgtql, and the 16 bits of msgseg.</summary>
    private static SysResult Limits(Task task, bool use, UserPtr buffer)
    {
        const int segmentSize = 16, segments = 0xffff; // MSGSSZ, MSGSEG: nobody's limits any more
        var ipc = task.Process.Ipc;
        var limits = ipc.Limits;
        int pool, map, total, highest;
        using (ipc.Queues.Lock.Enter())
        {
            highest = ipc.Queues.HighestLocked;
            (pool, map, total) = use
                ? (ipc.Queues.CountLocked, ipc.Queues.AllLocked.Sum(queue => queue.Count), (int)ipc.Queues.AllLocked.Sum(queue => (long)queue.Bytes))
                : (limits.MsgMni * limits.MsgMnb / 1024, limits.MsgMnb, limits.MsgMnb);
        }

        ReadOnlySpan<int> info = [pool, map, limits.MsgMax, limits.MsgMnb, limits.MsgMni, segmentSize, total, segments];
        return task.Memory.WriteArray(buffer.Address, info) == Errno.OK ? highest : Errno.EFAULT;
    }

    private static SysResult Stat(Task task, int id, int command, UserPtr buffer)
    {
        var ipc = task.Process.Ipc;
        msqid64_ds record;
        int found;
        using (ipc.Queues.Lock.Enter())
        {
            if ((command == IpcFlags.IPC_STAT ? ipc.Queues.FindLocked(id) : ipc.Queues.FindIndexLocked(id)) is not { } queue)
            {
                return Errno.EINVAL;
            }

            if (command != IpcFlags.MSG_STAT_ANY && !queue.Allows(task.Credentials, 4))
            {
                return Errno.EACCES;
            }

            found = queue.Id;
            record = new msqid64_ds
            {
                msg_perm = IpcOwner.Show(task, queue.ToPerm()), msg_stime = queue.SendTime, msg_rtime = queue.ReceiveTime, msg_ctime = queue.ChangeTime, msg_cbytes = queue.Bytes,
                msg_qnum = (ulong)queue.Count, msg_qbytes = queue.MaxBytes, msg_lspid = queue.LastSender, msg_lrpid = queue.LastReceiver,
            };
        }

        return task.Memory.Write(buffer.Address, record) != Errno.OK ? Errno.EFAULT : command == IpcFlags.IPC_STAT ? 0 : found;
    }

    private static SysResult Set(Task task, int id, UserPtr buffer)
    {
        if (task.Memory.Read(buffer.Address, out msqid64_ds wanted) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        var ipc = task.Process.Ipc;
        using (ipc.Queues.Lock.Enter())
        {
            if (ipc.Queues.FindLocked(id) is not { } queue)
            {
                return Errno.EINVAL;
            }

            if (queue.IsOwner(task.Credentials) && wanted.msg_qbytes > (ulong)ipc.Limits.MsgMnb && !task.Credentials.Has(Capability.CAP_SYS_RESOURCE))
            {
                return Errno.EPERM;
            }

            var error = IpcOwner.Change(task, queue, wanted.msg_perm, ipc.Now);
            if (error == Errno.OK)
            {
                queue.MaxBytes = wanted.msg_qbytes;
                _ = queue.Changed.Wake();
            }

            return error;
        }
    }

    private static SysResult Remove(Task task, int id)
    {
        var table = task.Process.Ipc.Queues;
        using (table.Lock.Enter())
        {
            if (table.FindLocked(id) is not { } queue)
            {
                return Errno.EINVAL;
            }

            if (!queue.IsOwner(task.Credentials))
            {
                return Errno.EPERM;
            }

            table.RemoveLocked(queue);
            _ = queue.Changed.Wake();
            return 0;
        }
    }
}
