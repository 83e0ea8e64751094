using System.Buffers;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Sending and receiving through sockets (send(2), recv(2)).</summary>
internal static class SocketMessages
{
    private const int Chunk = 65536;
    private const int HeaderSize = 56;
    private const int EntrySize = 64;

    [Syscall(Nr.sendto)]
    public static SysResult sendto(Task task, Fd descriptor, UserPtr data, ulong length, MsgFlags flags, UserPtr address, int addressLength)
    {
        if (!task.GetSocket(descriptor).Ok(out var socket, out var error))
        {
            return error;
        }

        byte[]? name = null;
        if (!address.IsNull && !task.ReadAddress(address, addressLength).Ok(out name, out error))
        {
            return error;
        }

        return SendAll(task, socket, UserVector.Of(data.Address, length), new SendRequest(flags, name));
    }

    [Syscall(Nr.sendmsg)]
    public static SysResult sendmsg(Task task, Fd descriptor, UserPtr message, MsgFlags flags)
    {
        if (!task.GetSocket(descriptor).Ok(out var socket, out var error)
            || (error = task.Memory.Read(message.Address, out msghdr header)) != Errno.OK
            || !LoadSend(task, header, flags, out var vector, out var request).Ok(out _, out error))
        {
            return error;
        }

        return SendAll(task, socket, vector, request);
    }

    [Syscall(Nr.sendmmsg)]
    public static SysResult sendmmsg(Task task, Fd descriptor, UserPtr messages, uint count, MsgFlags flags)
    {
        if (!task.GetSocket(descriptor).Ok(out var socket, out var error))
        {
            return error;
        }

        for (count = Math.Min(count, UserVector.MaxCount); task.Progress < count; task.Progress++)
        {
            var entry = messages + (ulong)task.Progress * EntrySize;
            UserVector vector = default;
            SendRequest request = default;
            if ((error = task.Memory.Read(entry.Address, out msghdr header)) != Errno.OK
                || !LoadSend(task, header, flags, out vector, out request).Ok(out _, out error))
            {
                return task.Progress > 0 ? task.Progress : error;
            }

            var sent = SendSome(task, socket, vector, 0, request);
            if (sent.Error == Errno.EAGAIN && task.Progress == 0 && MayWait(socket, flags))
            {
                return WaitToSend(task, socket, request);
            }

            if (!sent.IsOk)
            {
                return task.Progress > 0 ? task.Progress : Failed(task, socket, sent.Error, flags);
            }

            error = task.Memory.Write(entry.Address + HeaderSize, sent.Value);
            if (error != Errno.OK)
            {
                return task.Progress > 0 ? task.Progress : error;
            }
        }

        return task.Progress;
    }

    [Syscall(Nr.recvfrom)]
    public static SysResult recvfrom(Task task, Fd descriptor, UserPtr buffer, ulong length, MsgFlags flags, UserPtr address, UserPtr addressLength)
    {
        if (!task.GetSocket(descriptor).Ok(out var socket, out var error))
        {
            return error;
        }

        var result = ReceiveAll(task, socket, UserVector.Of(buffer.Address, length), flags, resumable: true, out var received);
        Discard(received.Rights);
        if (result.Raw >= 0 && !address.IsNull)
        {
            error = task.WriteAddress(address, addressLength, received.Address ?? []);
            return error == Errno.OK ? result : error;
        }

        return result;
    }

    [Syscall(Nr.recvmsg)]
    public static SysResult recvmsg(Task task, Fd descriptor, UserPtr message, MsgFlags flags)
    {
        if (!task.GetSocket(descriptor).Ok(out var socket, out var error))
        {
            return error;
        }

        return ReceiveMessage(task, socket, message, flags, resumable: true);
    }

    [Syscall(Nr.recvmmsg)]
    public static SysResult recvmmsg(Task task, Fd descriptor, UserPtr messages, uint count, MsgFlags flags, UserPtr timeout)
    {
        if (!task.GetSocket(descriptor).Ok(out var socket, out var error) || !task.ReadOptionalTimespec(timeout).Ok(out var nanoseconds, out error))
        {
            return error;
        }

        task.SetTimeout(nanoseconds);
        for (count = Math.Min(count, UserVector.MaxCount); task.Progress < count; task.Progress++)
        {
            var entry = messages + (ulong)task.Progress * EntrySize;
            var done = task.Progress;

            // The timeout of the call counts between messages (recvmmsg(2), BUGS): it ends the call only when something has come.
            if (done > 0 && task.TimedOut)
            {
                return done;
            }

            var result = ReceiveMessage(task, socket, entry, (flags & ~MsgFlags.MSG_WAITFORONE) | MsgFlags.MSG_DONTWAIT, resumable: false);
            if (result.Error == Errno.EAGAIN && MayWait(socket, flags) && (done == 0 || (flags & MsgFlags.MSG_WAITFORONE) == 0))
            {
                return task.WaitFor(socket, PollEvents.POLLIN);
            }

            if (result.Raw < 0)
            {
                return done > 0 ? done : result;
            }

            error = task.Memory.Write(entry.Address + HeaderSize, (int)result.Raw);
            if (error != Errno.OK)
            {
                return done > 0 ? done : error;
            }
        }

        return task.Progress;
    }

    private static Result<bool> LoadSend(Task task, in msghdr header, MsgFlags flags, out UserVector vector, out SendRequest request)
    {
        vector = default;
        request = default;
        byte[]? name = null;
        Errno error;
        if (header.msg_name != 0 && header.msg_namelen != 0
            && !task.ReadAddress(new UserPtr(header.msg_name), Math.Min(header.msg_namelen, 128)).Ok(out name, out error))
        {
            return error;
        }

        if (!UserVector.Load(task, new UserPtr(header.msg_iov), header.msg_iovlen, Errno.EMSGSIZE).Ok(out vector, out error))
        {
            return error;
        }

        OpenFile[]? rights = null;
        ucred? credentials = null;
        List<(int Level, int Type, byte[] Data)>? controls = null;
        if (header.msg_control != 0 && (error = ControlMessages.Parse(task, header.msg_control, header.msg_controllen, out rights, out credentials, out controls)) != Errno.OK)
        {
            return error;
        }

        request = new SendRequest(flags, name, rights, credentials, controls);
        return true;
    }

    /// <summary>Nobody waits for the error queue (recv(2), "MSG_ERRQUEUE").</summary>
    private static bool MayWait(SocketFile socket, MsgFlags flags) => !socket.NonBlocking && (flags & (MsgFlags.MSG_DONTWAIT | MsgFlags.MSG_ERRQUEUE)) == 0;

    private static SysResult SendAll(Task task, SocketFile socket, UserVector vector, in SendRequest request)
    {
        while (true)
        {
            // What comes with the data goes with its first byte.
            var part = task.Progress == 0 ? request : request with { Rights = null, IsContinued = true };
            var sent = SendSome(task, socket, vector, task.Progress, part);
            if (sent.IsOk)
            {
                task.Progress += sent.Value;
                if (task.Progress >= vector.Total || socket.Type != SocketType.SOCK_STREAM || !MayWait(socket, request.Flags)) // a message goes once, whatever the answer
                {
                    return task.Progress;
                }
            }
            else if (sent.Error == Errno.EAGAIN && MayWait(socket, request.Flags))
            {
                return WaitToSend(task, socket, request);
            }
            else
            {
                return task.Progress > 0 ? task.Progress : Failed(task, socket, sent.Error, request.Flags);
            }
        }
    }

    private static SysResult WaitToSend(Task task, SocketFile socket, in SendRequest request)
    {
        if (socket.GetSendQueue(task, request.Address) is not { } queue)
        {
            return task.WaitFor(socket, PollEvents.POLLOUT);
        }

        var limit = socket.GetWaitTimeout(PollEvents.POLLOUT);
        task.SetTimeout(limit);
        return task.TimedOut ? Errno.EAGAIN : task.WaitOn(queue, limit is null ? RestartKind.Restart : RestartKind.Interrupt);
    }

    private static SysResult Failed(Task task, SocketFile socket, Errno error, MsgFlags flags)
    {
        if (error == Errno.EPIPE && socket.Type == SocketType.SOCK_STREAM && (flags & MsgFlags.MSG_NOSIGNAL) == 0)
        {
            _ = task.Send(SigInfo.FromUser(Sig.PIPE, task));
        }

        return error;
    }

    /// <summary>Sends what goes without waiting: a whole message, or as much of a stream as there is room for.</summary>
    private static Result<int> SendSome(Task task, SocketFile socket, UserVector vector, long offset, in SendRequest request)
    {
        var isStream = socket.Type == SocketType.SOCK_STREAM;
        var left = vector.Total - offset;
        if (!isStream && left > Math.Max(Math.Min(socket.Options.SendBuffer, FileTransfer.LargestMessage), Chunk))
        {
            return Errno.EMSGSIZE;
        }

        var size = (int)(isStream ? Math.Min(left, Chunk) : left);
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        var total = 0;
        Errno error;
        do
        {
            var length = (int)Math.Min(size, left - total);
            if (length > FileTransfer.CopiedAnyway && !socket.GetRoom(task, length, request).Ok(out length, out error))
            {
                break;
            }

            var part = buffer.AsSpan(0, length);
            error = vector.Gather(task, offset + total, part);
            if (error != Errno.OK && !socket.GetRoom(task, length, request).Ok(out _, out var first))
            {
                error = first; // nobody looks at data for which there is no room
            }

            if (error == Errno.OK && socket.Send(task, part, total == 0 ? request : request with { Rights = null, IsContinued = true }).Ok(out var count, out error))
            {
                total += count;
                if (count < part.Length)
                {
                    break;
                }
            }
        }
        while (error == Errno.OK && total < left);

        ArrayPool<byte>.Shared.Return(buffer);
        return error == Errno.OK || total > 0 ? total : error;
    }

    private static SysResult ReceiveMessage(Task task, SocketFile socket, UserPtr message, MsgFlags flags, bool resumable)
    {
        var error = task.Memory.Read(message.Address, out msghdr header);
        if (error != Errno.OK || !UserVector.Load(task, new UserPtr(header.msg_iov), header.msg_iovlen, Errno.EMSGSIZE).Ok(out var vector, out error))
        {
            return error;
        }

        if (header.msg_name != 0 && header.msg_namelen < 0)
        {
            return Errno.EINVAL;
        }

        var result = ReceiveAll(task, socket, vector, flags, resumable, out var received);
        if (result.Raw < 0)
        {
            return result;
        }

        if (header.msg_name != 0)
        {
            var name = received.Address ?? [];
            var room = Math.Min(header.msg_namelen, name.Length);
            if ((room > 0 && (error = task.Memory.Write(header.msg_name, name.AsSpan(0, room))) != Errno.OK)
                || (error = task.Memory.Write(message.Address + 8, name.Length)) != Errno.OK)
            {
                Discard(received.Rights);
                return error;
            }
        }

        var (length, more) = ControlMessages.Write(task, header.msg_control, header.msg_controllen, received, (flags & MsgFlags.MSG_CMSG_CLOEXEC) != 0);
        var outFlags = received.Flags | more | (flags & MsgFlags.MSG_CMSG_CLOEXEC);
        error = task.Memory.Write(message.Address + 40, length);
        error = error == Errno.OK ? task.Memory.Write(message.Address + 48, (uint)outFlags) : error;
        return error == Errno.OK ? result : error;
    }

    private static void Discard(OpenFile[]? files)
    {
        foreach (var file in files ?? [])
        {
            file.Release();
        }
    }

    /// <param name="resumable">The call's progress counts bytes, so that MSG_WAITALL may wait in the middle.</param>
    private static SysResult ReceiveAll(Task task, SocketFile socket, UserVector vector, MsgFlags flags, bool resumable, out Received received)
    {
        received = default;
        if ((flags & MsgFlags.MSG_OOB) != 0)
        {
            flags = (flags | MsgFlags.MSG_DONTWAIT) & ~MsgFlags.MSG_WAITALL; // nobody waits for urgent data (tcp_recv_urg of Linux)
        }

        if (task.TimedOut && resumable)
        {
            flags |= MsgFlags.MSG_DONTWAIT; // SO_RCVTIMEO is over: what there is counts, whatever SO_RCVLOWAT says
        }

        var isStream = socket.Type == SocketType.SOCK_STREAM;
        var peek = (flags & MsgFlags.MSG_PEEK) != 0;
        var all = isStream && !peek && (flags & MsgFlags.MSG_WAITALL) != 0;
        var size = (int)Math.Min(vector.Total, !isStream ? FileTransfer.LargestMessage : peek ? 4 * Chunk : Chunk);
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        var done = resumable ? task.Progress : 0;
        SysResult result;
        while (true)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(size, vector.Total - done));
            if (!socket.Receive(task, part, flags, out var more).Ok(out var count, out var error))
            {
                if (error == Errno.EAGAIN && (done == 0 || all) && MayWait(socket, flags))
                {
                    task.Progress = done;
                    result = task.WaitFor(socket, PollEvents.POLLIN);
                }
                else
                {
                    result = done > 0 ? done : error;
                }

                break;
            }

            error = more.IsDropped ? Errno.OK : vector.Scatter(task, done, part[..count]);
            if (error != Errno.OK)
            {
                Discard(more.Rights);
                result = done > 0 ? done : error;
                break;
            }

            received = more;
            done += count;
            if (!isStream)
            {
                result = (flags & MsgFlags.MSG_TRUNC) != 0 ? more.FullLength : count;
                break;
            }

            if (peek || count == 0 || done >= vector.Total || more.Rights is not null || more.Credentials is not null || (count < part.Length && !all))
            {
                result = done;
                break;
            }
        }

        ArrayPool<byte>.Shared.Return(buffer);
        return result;
    }
}
