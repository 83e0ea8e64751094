using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>System V message queues: making and using them.</summary>
internal static class MessageQueues
{
    [Syscall(Nr.msgget)]
    public static SysResult msgget(Task task, int key, int flags)
    {
        if (!task.Process.Ipc.HasQueues)
        {
            return task.Fail(Errno.ENOSYS, "the jail has none");
        }

        var ipc = task.Process.Ipc;
        return SysResult.From(ipc.Queues.Get(
            task.Credentials,
            key,
            flags,
            ipc.Limits.MsgMni,
            static _ => Errno.OK,
            () => task.Jail.Take(Resource.MessageQueues, 1, task)
                ? new MessageQueue(key, (uint)flags, task.Credentials, ipc.Now, (ulong)ipc.Limits.MsgMnb).PaidBy(task.Jail)
                : Errno.ENOSPC));
    }

    [Syscall(Nr.msgsnd)]
    public static SysResult msgsnd(Task task, int id, UserPtr message, ulong size, int flags)
    {
        if (!task.Process.Ipc.HasQueues)
        {
            return task.Fail(Errno.ENOSYS, "the jail has none");
        }

        var ipc = task.Process.Ipc;
        // The message is copied once; later runs of a call that waits use the copy.
        if (task.CallState is not Sending sending)
        {
            if (task.Memory.Read(message.Address, out long type) != Errno.OK)
            {
                return Errno.EFAULT;
            }

            if (size > (ulong)ipc.Limits.MsgMax || id < 0 || type < 1)
            {
                return Errno.EINVAL;
            }

            var text = new byte[size];
            if (task.Memory.ReadArray<byte>(message.Address + 8, text) != Errno.OK)
            {
                return Errno.EFAULT;
            }

            sending = new Sending(type, text);
        }

        // Paid for before the lock is taken, and given back when it cannot be sent now.
        if (!QueuedMessage.Pay(task, sending.Type, sending.Text).Ok(out var paid, out var none))
        {
            return none;
        }

        MessageQueue queue;
        using (ipc.Queues.Lock.Enter())
        {
            if (!Find(task, ipc, id, sending.Queue, 2).Ok(out var found, out var error))
            {
                paid.GiveBack();
                return error;
            }

            queue = found;
            if (queue.TrySendLocked(paid, task.Process.Pid, ipc.Now))
            {
                return 0;
            }
        }

        paid.GiveBack();

        if ((flags & IpcFlags.IPC_NOWAIT) != 0)
        {
            return Errno.EAGAIN;
        }

        sending.Queue = queue;
        task.CallState = sending;
        return task.WaitOn(queue.Changed, RestartKind.Interrupt);
    }

    [Syscall(Nr.msgrcv)]
    public static SysResult msgrcv(Task task, int id, UserPtr message, ulong size, long type, int flags)
    {
        if (!task.Process.Ipc.HasQueues)
        {
            return task.Fail(Errno.ENOSYS, "the jail has none");
        }

        var ipc = task.Process.Ipc;
        if (id < 0 || (long)size < 0)
        {
            return Errno.EINVAL;
        }

        var copy = (flags & IpcFlags.MSG_COPY) != 0;
        if (copy && (flags & (IpcFlags.MSG_EXCEPT | IpcFlags.IPC_NOWAIT)) != IpcFlags.IPC_NOWAIT)
        {
            return Errno.EINVAL;
        }

        MessageQueue queue;
        QueuedMessage? taken;
        using (ipc.Queues.Lock.Enter())
        {
            if (!Find(task, ipc, id, task.CallState as MessageQueue, 4).Ok(out var found, out var error))
            {
                return error;
            }

            queue = found;
            taken = copy ? queue.FindAtLocked(type) : queue.FindLocked(type, (flags & IpcFlags.MSG_EXCEPT) != 0 && type > 0);
            if (taken is not null)
            {
                if ((ulong)taken.Text.Length > size && (flags & IpcFlags.MSG_NOERROR) == 0)
                {
                    return Errno.E2BIG;
                }

                if (!copy)
                {
                    queue.TakeLocked(taken, task.Process.Pid, ipc.Now);
                }
            }
        }

        if (taken is null)
        {
            if ((flags & IpcFlags.IPC_NOWAIT) != 0)
            {
                return Errno.ENOMSG;
            }

            task.CallState = queue;
            return task.WaitOn(queue.Changed, RestartKind.Interrupt);
        }

        var length = (int)Math.Min((ulong)taken.Text.Length, size);
        return task.Memory.Write(message.Address, taken.Type) != Errno.OK
            || task.Memory.WriteArray<byte>(message.Address + 8, taken.Text.AsSpan(0, length)) != Errno.OK ? Errno.EFAULT : length;
    }

    /// <summary>A call that waited keeps its queue: when that is gone, the answer is EIDRM.</summary>
    private static Result<MessageQueue> Find(Task task, IpcNamespace ipc, int id, MessageQueue? waited, uint wanted)
    {
        if (waited is { IsRemoved: true })
        {
            return Errno.EIDRM;
        }

        return (waited ?? ipc.Queues.FindLocked(id)) is not { } queue ? Errno.EINVAL : queue.Allows(task.Credentials, wanted) ? queue : Errno.EACCES;
    }

    /// <summary>A message on its way.</summary>
    private sealed class Sending(long type, byte[] text)
    {
        public long Type { get; } = type;

        public byte[] Text { get; } = text;

        public MessageQueue? Queue { get; set; }
    }
}
