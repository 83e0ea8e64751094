using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>POSIX message queues (mq_overview(7)).</summary>
internal static class PosixQueues
{
    private const int NameMax = 255;

    [Syscall(Nr.mq_open)]
    public static SysResult mq_open(Task task, UserString name, OpenFlags flags, uint mode, UserPtr attributes)
    {
        mq_attr wanted = default;
        if (!attributes.IsNull && task.Memory.Read(attributes.Address, out wanted) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        if (!ReadName(task, name).Ok(out var text, out var error))
        {
            return error;
        }

        var access = flags & OpenFlags.O_ACCMODE;
        var rights = access switch { OpenFlags.O_RDONLY => 4u, OpenFlags.O_WRONLY => 2u, OpenFlags.O_RDWR => 6u, _ => 0u };
        if (rights == 0)
        {
            return Errno.EINVAL;
        }

        var table = task.Process.Ipc.PosixQueues;
        (long, long)? size = attributes.IsNull ? null : (wanted.mq_maxmsg, wanted.mq_msgsize);
        return table.Open(task, text, flags, mode, rights, size).Ok(out var queue, out error)
            ? task.Install(new PosixQueueFile(table, queue, access | (flags & OpenFlags.O_NONBLOCK)), closeOnExec: true)
            : error;
    }

    [Syscall(Nr.mq_unlink)]
    public static SysResult mq_unlink(Task task, UserString name)
        => ReadName(task, name).Ok(out var text, out var error) ? task.Process.Ipc.PosixQueues.Unlink(task.Credentials, text) : error;

    [Syscall(Nr.mq_timedsend)]
    public static SysResult mq_timedsend(Task task, Fd descriptor, UserPtr message, ulong size, uint priority, UserPtr timeout)
    {
        if (!Prepare(task, timeout).Ok(out var deadline, out var error))
        {
            return error;
        }

        if (priority >= PosixQueue.PriorityMax)
        {
            return Errno.EINVAL;
        }

        if (Find(task, descriptor) is not { CanWrite: true } file)
        {
            return Errno.EBADF;
        }

        if (size > (ulong)file.Queue.MessageSize)
        {
            return Errno.EMSGSIZE;
        }

        // Copied once: a call that waits keeps the text.
        if (task.CallState is not byte[] text)
        {
            text = new byte[size];
            if (task.Memory.ReadArray<byte>(message.Address, text) != Errno.OK)
            {
                return Errno.EFAULT;
            }
        }

        PosixQueueNotification? notification;
        using (file.Lock.Enter())
        {
            if (!file.Queue.TrySendLocked(priority, text, out notification))
            {
                return Wait(task, file, deadline, text);
            }
        }

        if (notification is { Signal: > 0 } told)
        {
            const int codeQueue = -3; // SI_MESGQ
            _ = told.Owner.Send(new SigInfo { Signal = told.Signal, Code = codeQueue, Pid = task.Process.Pid, Uid = task.Credentials.Uid, Value = told.Value });
        }

        return 0;
    }

    [Syscall(Nr.mq_timedreceive)]
    public static SysResult mq_timedreceive(Task task, Fd descriptor, UserPtr message, ulong size, UserPtr priority, UserPtr timeout)
    {
        if (!Prepare(task, timeout).Ok(out var deadline, out var error))
        {
            return error;
        }

        if (Find(task, descriptor) is not { CanRead: true } file)
        {
            return Errno.EBADF;
        }

        if (size < (ulong)file.Queue.MessageSize)
        {
            return Errno.EMSGSIZE;
        }

        byte[] text;
        uint level;
        using (file.Lock.Enter())
        {
            if (!file.Queue.TryReceiveLocked(out level, out text))
            {
                return Wait(task, file, deadline, task.CallState ?? (file.NonBlocking ? null : new PosixQueueReceiver(file)));
            }
        }

        return (!priority.IsNull && task.Memory.Write(priority.Address, level) != Errno.OK)
            || task.Memory.WriteArray<byte>(message.Address, text) != Errno.OK ? Errno.EFAULT : text.Length;
    }

    [Syscall(Nr.mq_notify, Support.Partial, "SIGEV_THREAD needs netlink: EINVAL")]
    public static SysResult mq_notify(Task task, Fd descriptor, UserPtr eventPointer)
    {
        sigevent wanted = default;
        if (!eventPointer.IsNull)
        {
            if (task.Memory.Read(eventPointer.Address, out wanted) != Errno.OK)
            {
                return Errno.EFAULT;
            }

            if (wanted.sigev_notify is not (sigevent.SIGEV_NONE or sigevent.SIGEV_SIGNAL)
                || (wanted.sigev_notify == sigevent.SIGEV_SIGNAL && wanted.sigev_signo is < 0 or > Sig.Max))
            {
                return Errno.EINVAL;
            }
        }

        if (Find(task, descriptor) is not { } file)
        {
            return Errno.EBADF;
        }

        using (file.Lock.Enter())
        {
            var queue = file.Queue;
            if (eventPointer.IsNull)
            {
                queue.Notification = queue.Notification?.Owner == task.Process ? null : queue.Notification;
                return 0;
            }

            if (queue.Notification is { Owner: { IsExiting: false, IsZombie: false } })
            {
                return Errno.EBUSY;
            }

            var signal = wanted.sigev_notify == sigevent.SIGEV_SIGNAL ? wanted.sigev_signo : 0;
            queue.Notification = new PosixQueueNotification(task.Process, task.Files, signal, wanted.sigev_value);
            return 0;
        }
    }

    [Syscall(Nr.mq_getsetattr)]
    public static SysResult mq_getsetattr(Task task, Fd descriptor, UserPtr newAttributes, UserPtr oldAttributes)
    {
        mq_attr wanted = default;
        if (!newAttributes.IsNull)
        {
            if (task.Memory.Read(newAttributes.Address, out wanted) != Errno.OK)
            {
                return Errno.EFAULT;
            }

            if ((wanted.mq_flags & ~(long)OpenFlags.O_NONBLOCK) != 0)
            {
                return Errno.EINVAL;
            }
        }

        if (Find(task, descriptor) is not { } file)
        {
            return Errno.EBADF;
        }

        mq_attr old;
        using (file.Lock.Enter())
        {
            old = new mq_attr
            {
                mq_flags = (long)(file.Flags & OpenFlags.O_NONBLOCK), mq_maxmsg = file.Queue.MaxMessages, mq_msgsize = file.Queue.MessageSize, mq_curmsgs = file.Queue.Count,
            };
        }

        if (!newAttributes.IsNull)
        {
            _ = file.SetStatusFlags((file.Flags & ~OpenFlags.O_NONBLOCK) | (OpenFlags)wanted.mq_flags);
        }

        return oldAttributes.IsNull ? 0 : task.Memory.Write(oldAttributes.Address, old);
    }

    /// <summary>The name without the slash, which the C library takes away: one component.</summary>
    private static Result<string> ReadName(Task task, UserString name)
        => !name.ReadPath(task).Ok(out var text, out var error) ? error
            : text.Length == 0 ? Errno.ENOENT
            : text is "." or ".." || text.Contains('/', StringComparison.Ordinal) ? Errno.EACCES
            : text.Length > NameMax ? Errno.ENAMETOOLONG
            : text;

    private static PosixQueueFile? Find(Task task, Fd descriptor)
        => task.Files.Get(descriptor.Value).Ok(out var file, out _) ? file as PosixQueueFile : null;

    /// <summary>The absolute time of CLOCK_REALTIME as a monotonic one; null for ever.</summary>
    private static Result<long?> Prepare(Task task, UserPtr timeout)
        => !task.ReadOptionalTimespec(timeout).Ok(out var time, out var error) ? error
            : time is { } value ? (long?)ClockMath.ToMonotonic(task.Kernel, ClockId.CLOCK_REALTIME, value) : (long?)null;

    private static SysResult Wait(Task task, PosixQueueFile file, long? deadline, object? state)
    {
        if (file.NonBlocking)
        {
            return Errno.EAGAIN;
        }

        if (deadline is { } time)
        {
            task.SetDeadline(time);
        }

        task.CallState = state;
        return task.TimedOut ? Errno.ETIMEDOUT : task.WaitOn(file.Queue.Changed);
    }

    /// <summary>struct mq_attr (linux/mqueue.h).</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct mq_attr
    {
        public long mq_flags;
        public long mq_maxmsg;
        public long mq_msgsize;
        public long mq_curmsgs;
    }
}
