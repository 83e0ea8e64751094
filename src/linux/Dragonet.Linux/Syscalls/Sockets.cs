using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Sockets and their connections (socket(2) and its kin). Which address families there are is up to <see cref="SocketFamilies"/>.</summary>
internal static class Sockets
{
    /// <summary>SOCK_NONBLOCK and SOCK_CLOEXEC have the values of the open(2) flags.</summary>
    private const int TypeFlags = (int)(OpenFlags.O_NONBLOCK | OpenFlags.O_CLOEXEC);
    private const int TypeMask = 0xf;

    [Syscall(Nr.socket, Support.Partial, "AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET; others answer EAFNOSUPPORT")]
    public static SysResult socket(Task task, int domain, int type, int protocol)
    {
        if (!Find(task, domain, type).Ok(out var family, out var error))
        {
            return error;
        }

        if (!family.Create(task, (SocketType)(type & TypeMask), protocol, (OpenFlags)type & OpenFlags.O_NONBLOCK).Ok(out var file, out error))
        {
            return error;
        }

        return task.Install(file, (type & (int)OpenFlags.O_CLOEXEC) != 0);
    }

    [Syscall(Nr.socketpair)]
    public static SysResult socketpair(Task task, int domain, int type, int protocol, UserPtr descriptors)
    {
        if (!Find(task, domain, type).Ok(out var family, out var error))
        {
            return error;
        }

        if (!family.CreatePair(task, (SocketType)(type & TypeMask), protocol, (OpenFlags)type & OpenFlags.O_NONBLOCK).Ok(out var pair, out error))
        {
            return error;
        }

        var closeOnExec = (type & (int)OpenFlags.O_CLOEXEC) != 0;
        if (!task.InstallFile(pair.First, closeOnExec).Ok(out var first, out error))
        {
            pair.Second.Release();
            return error;
        }

        if (!task.InstallFile(pair.Second, closeOnExec).Ok(out var second, out error))
        {
            _ = task.Files.Close(first);
            return error;
        }

        error = task.Memory.WriteArray(descriptors.Address, [first, second]);
        if (error != Errno.OK)
        {
            _ = task.Files.Close(first);
            _ = task.Files.Close(second);
        }

        return error;
    }

    [Syscall(Nr.bind)]
    public static SysResult bind(Task task, Fd descriptor, UserPtr address, int length)
    {
        if (!task.GetSocket(descriptor).Ok(out var socket, out var error) || !task.ReadAddress(address, length).Ok(out var bytes, out error))
        {
            return error;
        }

        return socket.Bind(task, bytes);
    }

    [Syscall(Nr.listen)]
    public static SysResult listen(Task task, Fd descriptor, int backlog) =>
        task.GetSocket(descriptor).Ok(out var socket, out var error) ? socket.Listen(task, backlog) : error;

    [Syscall(Nr.accept)]
    public static SysResult accept(Task task, Fd descriptor, UserPtr address, UserPtr length) => accept4(task, descriptor, address, length, 0);

    [Syscall(Nr.accept4)]
    public static SysResult accept4(Task task, Fd descriptor, UserPtr address, UserPtr length, int flags)
    {
        if ((flags & ~TypeFlags) != 0)
        {
            return task.Fail(Errno.EINVAL, "unknown flag");
        }

        if (!task.GetSocket(descriptor).Ok(out var socket, out var error))
        {
            return error;
        }

        if (!socket.Accept(task, (OpenFlags)flags & OpenFlags.O_NONBLOCK).Ok(out var accepted, out error))
        {
            return error == Errno.EAGAIN && !socket.NonBlocking ? task.WaitFor(socket, PollEvents.POLLIN) : error;
        }

        if (!address.IsNull)
        {
            error = accepted.GetPeerName().Ok(out var name, out var gone) ? task.WriteAddress(address, length, name) : gone;
            if (error != Errno.OK)
            {
                accepted.Release();
                return error == Errno.ENOTCONN ? Errno.ECONNABORTED : error;
            }
        }

        return task.Install(accepted, (flags & (int)OpenFlags.O_CLOEXEC) != 0);
    }

    [Syscall(Nr.connect)]
    public static SysResult connect(Task task, Fd descriptor, UserPtr address, int length)
    {
        if (!task.GetSocket(descriptor).Ok(out var socket, out var error) || !task.ReadAddress(address, length).Ok(out var bytes, out error))
        {
            return error;
        }

        error = socket.Connect(task, bytes);
        var hasWaited = task.CallState is not null;
        if (hasWaited && error == Errno.EISCONN)
        {
            return 0;
        }

        var mustWait = error is Errno.EAGAIN or Errno.EINPROGRESS || (hasWaited && error == Errno.EALREADY);
        if (!mustWait || socket.NonBlocking)
        {
            return error;
        }

        task.CallState ??= socket;
        if (error == Errno.EAGAIN && socket.GetConnectQueue(task, bytes) is { } queue)
        {
            var limit = socket.GetWaitTimeout(PollEvents.POLLOUT);
            task.SetTimeout(limit);
            return task.TimedOut ? Errno.EAGAIN : task.WaitOn(queue, limit is null ? RestartKind.Restart : RestartKind.Interrupt);
        }

        return task.WaitFor(socket, PollEvents.POLLOUT);
    }

    [Syscall(Nr.getsockname)]
    public static SysResult getsockname(Task task, Fd descriptor, UserPtr address, UserPtr length)
    {
        if (!task.GetSocket(descriptor).Ok(out var socket, out var error) || !socket.GetName().Ok(out var name, out error))
        {
            return error;
        }

        return task.WriteAddress(address, length, name);
    }

    [Syscall(Nr.getpeername)]
    public static SysResult getpeername(Task task, Fd descriptor, UserPtr address, UserPtr length)
    {
        if (!task.GetSocket(descriptor).Ok(out var socket, out var error) || !socket.GetPeerName().Ok(out var name, out error))
        {
            return error;
        }

        return task.WriteAddress(address, length, name);
    }

    [Syscall(Nr.shutdown)]
    public static SysResult shutdown(Task task, Fd descriptor, ShutdownHow how) =>
        task.GetSocket(descriptor).Ok(out var socket, out var error) ? socket.Shutdown(how) : error;

    [Syscall(Nr.setsockopt)]
    public static SysResult setsockopt(Task task, Fd descriptor, int level, int name, UserPtr value, int length)
    {
        if (length < 0)
        {
            return Errno.EINVAL;
        }

        if (!task.GetSocket(descriptor).Ok(out var socket, out var error))
        {
            return error;
        }

        var bytes = new byte[Math.Min(length, 16384)];
        error = bytes.Length == 0 ? Errno.OK : task.Memory.Read(value.Address, bytes);
        if (error != Errno.OK || (error = socket.SetOption(task, level, name, bytes, out var isAnswered)) != Errno.OK)
        {
            return error;
        }

        return isAnswered ? task.Memory.Write(value.Address, bytes) : 0;
    }

    [Syscall(Nr.getsockopt)]
    public static SysResult getsockopt(Task task, Fd descriptor, int level, int name, UserPtr value, UserPtr lengthPointer)
    {
        if (!task.GetSocket(descriptor).Ok(out var socket, out var error)
            || (error = task.Memory.Read(lengthPointer.Address, out int length)) != Errno.OK)
        {
            return error;
        }

        if (length < 0)
        {
            return Errno.EINVAL;
        }

        // What cannot be read is as good as nothing to those few options that look at it; the others write only.
        Span<byte> given = stackalloc byte[160];
        given = given[..Math.Min(length, given.Length)];
        given = level is PacketOption.SOL_PACKET or InetOption.IPPROTO_IP or InetOption.IPPROTO_IPV6 && task.Memory.Read(value.Address, given) == Errno.OK ? given : default;
        if (!socket.GetOption(task, level, name, given).Ok(out var bytes, out error))
        {
            return error;
        }

        var count = Math.Min(length, bytes.Length);
        error = count == 0 ? Errno.OK : task.Memory.Write(value.Address, bytes.AsSpan(0, count));
        return error == Errno.OK ? task.Memory.Write(lengthPointer.Address, count) : error;
    }

    private static Result<SocketFamily> Find(Task task, int domain, int type)
    {
        if ((type & ~(TypeMask | TypeFlags)) != 0)
        {
            return Errno.EINVAL;
        }

        if (domain is < 0 or >= (int)AddressFamily.AF_MAX)
        {
            return Errno.EAFNOSUPPORT;
        }

        return task.Kernel.Sockets.Find((AddressFamily)domain) is { } family ? family : Errno.EAFNOSUPPORT;
    }
}
