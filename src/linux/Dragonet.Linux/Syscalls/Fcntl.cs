using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Descriptors: duplicates, flags, owners, device control (dup(2), fcntl(2), ioctl(2)).</summary>
internal static class Fcntl
{
    [Syscall(Nr.dup)]
    public static SysResult dup(Task task, Fd fd) => Duplicate(task, fd, 0, closeOnExec: false);

    [Syscall(Nr.dup2)]
    public static SysResult dup2(Task task, Fd oldFd, Fd newFd)
        => oldFd.Value == newFd.Value ? task.Files.GetAny(oldFd.Value).IsOk ? oldFd.Value : Errno.EBADF : DuplicateTo(task, oldFd, newFd, closeOnExec: false);

    [Syscall(Nr.dup3)]
    public static SysResult dup3(Task task, Fd oldFd, Fd newFd, OpenFlags flags)
        => (flags & ~OpenFlags.O_CLOEXEC) != 0 || oldFd.Value == newFd.Value ? Errno.EINVAL : DuplicateTo(task, oldFd, newFd, flags != 0);

    [Syscall(Nr.fcntl, Support.Partial, "F_SETLEASE and F_NOTIFY answer EINVAL")]
    public static SysResult fcntl(Task task, Fd fd, FcntlCommand command, ulong argument)
    {
        if (!task.Files.GetAny(fd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        if ((file.Flags & OpenFlags.O_PATH) != 0 && command is not (FcntlCommand.F_DUPFD or FcntlCommand.F_DUPFD_CLOEXEC
            or FcntlCommand.F_GETFD or FcntlCommand.F_SETFD or FcntlCommand.F_GETFL or FcntlCommand.F_DUPFD_QUERY))
        {
            return Errno.EBADF;
        }

        switch (command)
        {
            case FcntlCommand.F_DUPFD or FcntlCommand.F_DUPFD_CLOEXEC:
                return argument >= task.Process.Limits[Rlimits.Files].Soft || argument > int.MaxValue ? Errno.EINVAL
                    : Duplicate(task, fd, (int)argument, command == FcntlCommand.F_DUPFD_CLOEXEC);
            case FcntlCommand.F_GETFD:
                return task.Files.GetCloseOnExec(fd.Value).Ok(out var flag, out error) ? flag ? 1 : 0 : error;
            case FcntlCommand.F_SETFD:
                return task.Files.SetCloseOnExec(fd.Value, (argument & 1) != 0);
            case FcntlCommand.F_GETFL:
                return (long)(file.Flags | OpenFlags.O_LARGEFILE);
            case FcntlCommand.F_SETFL:
                return SetFlags(task, fd, file, (OpenFlags)(uint)argument);
            case FcntlCommand.F_GETLK or FcntlCommand.F_SETLK or FcntlCommand.F_SETLKW
                or FcntlCommand.F_OFD_GETLK or FcntlCommand.F_OFD_SETLK or FcntlCommand.F_OFD_SETLKW:
                return Locking.Record(task, fd, file, command, new UserPtr(argument));
            case FcntlCommand.F_DUPFD_QUERY:
                return task.Files.GetAny((int)argument).Ok(out var other, out error) ? ReferenceEquals(other, file) ? 1 : 0 : error;
            case FcntlCommand.F_SETOWN:
                return (int)argument == int.MinValue ? Errno.EINVAL : SetOwner(task, file, (int)argument < 0 ? 2 : 1, Math.Abs((int)argument));
            case FcntlCommand.F_GETOWN:
                return file.Owner.Type == 2 ? -file.Owner.Id : file.Owner.Id;
            case FcntlCommand.F_SETOWN_EX:
                if (task.Memory.Read(argument, out long owner) is not Errno.OK and var fault)
                {
                    return fault;
                }

                return (int)owner is >= 0 and <= 2 ? SetOwner(task, file, (int)owner, (int)(owner >> 32)) : Errno.EINVAL;
            case FcntlCommand.F_GETOWN_EX:
                return task.Memory.Write(argument, (long)(uint)file.Owner.Type | (long)file.Owner.Id << 32);
            case FcntlCommand.F_SETSIG:
                if (argument > Sig.Max)
                {
                    return Errno.EINVAL;
                }

                file.OwnerSignal = (int)argument;
                return 0;
            case FcntlCommand.F_GETSIG:
                return file.OwnerSignal;
            case FcntlCommand.F_GETLEASE:
                return 2; // F_UNLCK
            case FcntlCommand.F_SETPIPE_SZ:
                if (file is not PipeFile pipe)
                {
                    return Errno.EBADF;
                }

                return argument > int.MaxValue ? Errno.EINVAL
                    : SysResult.From(pipe.Pipe.SetCapacity((int)argument, task.Credentials.Has(Capability.CAP_SYS_RESOURCE)));
            case FcntlCommand.F_GETPIPE_SZ:
                return file is PipeFile known ? known.Pipe.Capacity : Errno.EBADF;
            case FcntlCommand.F_ADD_SEALS:
                return !file.CanWrite ? Errno.EPERM
                    : file.Inode is not { } target ? Errno.EINVAL
                    : ((SealFlags)(uint)argument & SealFlags.F_SEAL_WRITE) != 0 && target.GetSeals() is { IsOk: true, Value: var before }
                        && (before & SealFlags.F_SEAL_SEAL) == 0 && task.Kernel.IsMappedWritable(target) ? Errno.EBUSY
                    : target.AddSeals((SealFlags)(uint)argument);
            case FcntlCommand.F_GET_SEALS:
                return file.Inode is { } inode && inode.GetSeals().Ok(out var seals) ? (long)seals : Errno.EINVAL;
            case FcntlCommand.F_GET_RW_HINT:
                return task.Memory.Write(argument, 0UL);
            case FcntlCommand.F_SET_RW_HINT:
                return 0;
            default:
                return Errno.EINVAL;
        }
    }

    [Syscall(Nr.ioctl)]
    public static SysResult ioctl(Task task, Fd fd, uint request, ulong argument)
    {
        if (!task.Files.Get(fd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        switch (request)
        {
            case Ioctls.FIOCLEX:
                return task.Files.SetCloseOnExec(fd.Value, true);
            case Ioctls.FIONCLEX:
                return task.Files.SetCloseOnExec(fd.Value, false);
            case Ioctls.FIONBIO or Ioctls.FIOASYNC:
                if (task.Memory.Read(argument, out int on) is not Errno.OK and var fault)
                {
                    return fault;
                }

                var flag = request == Ioctls.FIONBIO ? OpenFlags.O_NONBLOCK : OpenFlags.O_ASYNC;
                return SetFlags(task, fd, file, on != 0 ? file.Flags | flag : file.Flags & ~flag);
            case Ioctls.FIOSETOWN or Ioctls.SIOCSPGRP when file is SocketFile:
                return task.Memory.Read(argument, out int owner) != Errno.OK ? Errno.EFAULT
                    : owner == int.MinValue ? Errno.EINVAL
                    : SetOwner(task, file, owner < 0 ? 2 : 1, Math.Abs(owner));
            case Ioctls.FIOGETOWN or Ioctls.SIOCGPGRP when file is SocketFile:
                return task.Memory.Write(argument, file.Owner.Type == 2 ? -file.Owner.Id : file.Owner.Id);
            case Ioctls.FIONREAD when file.Inode is { IsRegular: true } inode:
                if (!inode.GetAttributes().Ok(out var attributes, out error) || !file.Seek(task, 0, Seek.SEEK_CUR).Ok(out var position, out error))
                {
                    return error;
                }

                return task.Memory.Write(argument, (int)Math.Clamp(attributes.Size - position, 0, int.MaxValue));
            default:
                return file.Ioctl(task, request, argument);
        }
    }

    private static SysResult Duplicate(Task task, Fd fd, int minimum, bool closeOnExec)
    {
        if (!task.Files.GetAny(fd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        file.AddReference();
        return SysResult.From(task.Files.Install(task, file, closeOnExec, minimum));
    }

    private static SysResult DuplicateTo(Task task, Fd oldFd, Fd newFd, bool closeOnExec)
    {
        if (task.CallState is SocketFile known)
        {
            return Linger.Wait(task, known, newFd.Value);
        }

        if ((uint)newFd.Value >= task.Process.Limits[Rlimits.Files].Soft || newFd.Value < 0)
        {
            return Errno.EBADF;
        }

        if (!task.Files.GetAny(oldFd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        var closed = task.Files.GetAny(newFd.Value).Ok(out var old) ? old : null;
        if (Linger.MustRepeat(task, closed))
        {
            return task.WaitForSignal();
        }

        file.AddReference();
        error = task.Files.InstallAt(task, file, newFd.Value, closeOnExec);
        return error == Errno.OK ? Linger.Wait(task, closed, newFd.Value) : error;
    }

    private static SysResult SetFlags(Task task, Fd fd, OpenFile file, OpenFlags flags)
    {
        if ((flags & OpenFlags.O_NOATIME) != 0 && (file.Flags & OpenFlags.O_NOATIME) == 0
            && file.Inode is { } inode && !Permissions.IsOwner(inode, task.Credentials))
        {
            return Errno.EPERM;
        }

        var before = file.Flags;
        var error = file.SetStatusFlags(flags);
        if (error == Errno.OK && ((before ^ flags) & OpenFlags.O_ASYNC) != 0)
        {
            task.Kernel.SetAsync(file, fd.Value, (flags & OpenFlags.O_ASYNC) != 0);
        }

        return error;
    }

    private static SysResult SetOwner(Task task, OpenFile file, int type, int id)
    {
        var pids = task.Jail;
        object? owner = type switch { 0 => pids.FindTask(id), 1 => pids.FindProcess(id), _ => pids.FindGroup(id) };
        if (id != 0 && owner is null)
        {
            return Errno.ESRCH;
        }

        file.Owner = (type, id);
        file.OwnerSetter = task.Credentials;
        return 0;
    }
}
