using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>Ancillary data of sendmsg(2) and recvmsg(2) (cmsg(3)).</summary>
internal static class ControlMessages
{
    private const int HeaderSize = 16;

    /// <summary>/proc/sys/net/core/optmem_max.</summary>
    private const ulong MaxLength = 20480;

    /// <summary>Reads what a sender attaches. The files are borrowed.</summary>
    public static Errno Parse(
        Task task, ulong pointer, ulong length, out OpenFile[]? rights, out ucred? credentials, out List<(int Level, int Type, byte[] Data)>? others)
    {
        others = null;
        rights = null;
        credentials = null;
        if (length > MaxLength)
        {
            return Errno.ENOBUFS;
        }

        if (length < HeaderSize)
        {
            return Errno.OK;
        }

        var data = new byte[length];
        var error = task.Memory.Read(pointer, data);
        List<OpenFile>? files = null;
        for (var rest = data.AsSpan(); error == Errno.OK && rest.Length >= HeaderSize;)
        {
            var header = MemoryMarshal.Read<cmsghdr>(rest);
            if (header.cmsg_len < HeaderSize || header.cmsg_len > (ulong)rest.Length)
            {
                return Errno.EINVAL;
            }

            var body = rest[HeaderSize..(int)header.cmsg_len];
            if (header is { cmsg_level: SocketOption.SOL_SOCKET, cmsg_type: not (SocketOption.SO_TIMESTAMPING or SocketOption.SO_TIMESTAMPING_NEW or SocketOption.SO_TXTIME or SocketOption.SO_MARK) })
            {
                error = header.cmsg_type switch
                {
                    SocketOption.SCM_RIGHTS => AddFiles(task, body, files ??= []),
                    SocketOption.SCM_CREDENTIALS => ParseCredentials(task, body, out credentials),
                    _ => Errno.EINVAL,
                };
            }
            else
            {
                (others ??= []).Add((header.cmsg_level, header.cmsg_type, body.ToArray()));
            }

            rest = rest[Math.Min(Align((int)header.cmsg_len), rest.Length)..];
        }

        rights = files?.ToArray();
        return error;
    }

    /// <summary>Writes what a receiver gets, as much as there is room for, and gives it the descriptors.</summary>
    /// <returns>The bytes used and flags to add (MSG_CTRUNC).</returns>
    public static (ulong Length, MsgFlags Flags) Write(Task task, ulong pointer, ulong room, in Received received, bool closeOnExec)
    {
        ulong used = 0;
        var flags = MsgFlags.None;
        if (received.Credentials is { } credentials)
        {
            var shown = credentials with { uid = task.Credentials.ShownUid(credentials.uid), gid = task.Credentials.ShownGid(credentials.gid) };
            Put(task, pointer, room, ref used, ref flags, SocketOption.SOL_SOCKET, SocketOption.SCM_CREDENTIALS, MemoryMarshal.AsBytes(new ReadOnlySpan<ucred>(in shown)));
        }

        foreach (var (level, type, data) in received.Controls ?? [])
        {
            Put(task, pointer, room, ref used, ref flags, level, type, data);
        }

        if (received.Rights is { } rights)
        {
            PutFiles(task, pointer, room, ref used, ref flags, rights, closeOnExec);
        }

        return (used, flags);
    }

    private static int Align(int length) => (length + 7) & ~7;

    private static void Put(Task task, ulong pointer, ulong room, ref ulong used, ref MsgFlags flags, int level, int type, ReadOnlySpan<byte> data)
    {
        var left = room - used;
        if (pointer == 0 || left < HeaderSize)
        {
            flags |= MsgFlags.MSG_CTRUNC;
            return;
        }

        var length = (int)Math.Min(left, (ulong)(HeaderSize + data.Length));
        if (length < HeaderSize + data.Length)
        {
            flags |= MsgFlags.MSG_CTRUNC;
        }

        var message = new byte[length];
        var header = new cmsghdr { cmsg_len = (ulong)length, cmsg_level = level, cmsg_type = type };
        MemoryMarshal.Write(message, in header);
        data[..(length - HeaderSize)].CopyTo(message.AsSpan(HeaderSize));
        if (task.Memory.Write(pointer + used, message) == Errno.OK)
        {
            used += Math.Min((ulong)Align(length), left);
        }
    }

    private static void PutFiles(Task task, ulong pointer, ulong room, ref ulong used, ref MsgFlags flags, OpenFile[] files, bool closeOnExec)
    {
        var left = room - used;
        var fit = pointer == 0 || left < HeaderSize ? 0 : (int)Math.Min((left - HeaderSize) / 4, (ulong)files.Length);
        var numbers = new byte[4 * fit];
        var count = 0;
        var refused = Array.FindIndex(files, file => !MayReceive(task, file));
        fit = refused < 0 ? fit : Math.Min(fit, refused);
        while (count < fit && task.InstallFile(files[count], closeOnExec).Ok(out var fd, out _))
        {
            BinaryPrimitives.WriteInt32LittleEndian(numbers.AsSpan(4 * count), fd);
            count++;
        }

        if (count < files.Length)
        {
            flags |= MsgFlags.MSG_CTRUNC;
        }

        // The file whose installation failed has been released by it.
        for (var i = count < fit ? count + 1 : count; i < files.Length; i++)
        {
            files[i].Release();
        }

        if (count > 0)
        {
            Put(task, pointer, room, ref used, ref flags, SocketOption.SOL_SOCKET, SocketOption.SCM_RIGHTS, numbers.AsSpan(0, 4 * count));
        }
    }

    /// <summary>A directory of another jail would be a way out of the root. It is refused as a security module refuses a file: it and
    /// those behind it are not delivered (MSG_CTRUNC, recvmsg(2)).</summary>
    private static bool MayReceive(Task task, OpenFile file)
        => task.Jail.Parent is null || file.Inode is not { IsDirectory: true } || file.Path is not { Mount.Namespace: { } space } || space == task.Jail.Mounts || space.Jail == task.Jail;

    private static Errno AddFiles(Task task, ReadOnlySpan<byte> body, List<OpenFile> files)
    {
        foreach (var fd in MemoryMarshal.Cast<byte, int>(body[..(body.Length & ~3)]))
        {
            if (files.Count >= SocketOption.SCM_MAX_FD)
            {
                return Errno.EINVAL;
            }

            if (!task.Files.GetAny(fd).Ok(out var file, out var error))
            {
                return error;
            }

            files.Add(file);
        }

        return Errno.OK;
    }

    /// <summary>Only what is true of the sender may be claimed, unless it is privileged (unix(7), SCM_CREDENTIALS).</summary>
    private static Errno ParseCredentials(Task task, ReadOnlySpan<byte> body, out ucred? credentials)
    {
        credentials = null;
        if (body.Length != 12)
        {
            return Errno.EINVAL;
        }

        var own = task.Credentials;
        var claimed = MemoryMarshal.Read<ucred>(body);
        claimed = claimed with { uid = own.KernelUid(claimed.uid), gid = own.KernelGid(claimed.gid) };
        if (own.Namespace is not null && (claimed.uid == UserNamespace.NoId || claimed.gid == UserNamespace.NoId))
        {
            return Errno.EINVAL;
        }

        var isUid = claimed.uid == own.Uid || claimed.uid == own.EffectiveUid || claimed.uid == own.SavedUid || own.HasWithin(Capability.CAP_SETUID);
        var isGid = claimed.gid == own.Gid || claimed.gid == own.EffectiveGid || claimed.gid == own.SavedGid || own.HasWithin(Capability.CAP_SETGID);
        var isPid = claimed.pid == task.Process.Pid || own.Has(Capability.CAP_SYS_ADMIN);
        if (!isUid || !isGid || !isPid)
        {
            return Errno.EPERM;
        }

        if (claimed.pid != task.Process.Pid && task.Jail.FindProcess(claimed.pid) is null)
        {
            return Errno.ESRCH;
        }

        credentials = claimed;
        return Errno.OK;
    }
}
