using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Asking for rights, reading links (access(2), readlink(2)).</summary>
internal static class AccessChecks
{
    [Syscall(Nr.access)]
    public static SysResult access(Task task, UserString path, int mode) => Check(task, new Fd(-100), path, mode, AtFlags.None);

    [Syscall(Nr.faccessat)]
    public static SysResult faccessat(Task task, Fd directory, UserString path, int mode) => Check(task, directory, path, mode, AtFlags.None);

    [Syscall(Nr.faccessat2)]
    public static SysResult faccessat2(Task task, Fd directory, UserString path, int mode, AtFlags flags)
        => (flags & ~(AtFlags.AT_EACCESS | AtFlags.AT_SYMLINK_NOFOLLOW | AtFlags.AT_EMPTY_PATH)) != 0 ? Errno.EINVAL : Check(task, directory, path, mode, flags);

    [Syscall(Nr.readlink)]
    public static SysResult readlink(Task task, UserString path, UserPtr buffer, int size) => readlinkat(task, new Fd(-100), path, buffer, size);

    [Syscall(Nr.readlinkat)]
    public static SysResult readlinkat(Task task, Fd directory, UserString path, UserPtr buffer, int size)
    {
        if (size <= 0)
        {
            return Errno.EINVAL;
        }

        if (path.IsNull)
        {
            return Errno.EFAULT;
        }

        // An empty path is the descriptor itself, which must be a symbolic link opened with O_PATH and O_NOFOLLOW.
        var empty = task.IsDescriptorOnly(path, AtFlags.AT_EMPTY_PATH);
        if (!task.Find(directory, path, WalkFlags.Empty).Ok(out var place, out var error))
        {
            return error;
        }

        if (!place.Inode.IsSymbolicLink)
        {
            return empty ? Errno.ENOENT : Errno.EINVAL;
        }

        if (!place.Inode.ReadLink(task).Ok(out var text, out error))
        {
            return error;
        }

        var bytes = ByteString.ToBytes(text);
        var count = Math.Min(bytes.Length, size);
        error = task.Memory.Write(buffer.Address, bytes.AsSpan(0, count));
        return error == Errno.OK ? count : error;
    }

    private static SysResult Check(Task task, Fd directory, UserString path, int mode, AtFlags flags)
    {
        if ((mode & ~7) != 0)
        {
            return Errno.EINVAL;
        }

        ICaller caller = task;
        var own = task.Credentials;
        if ((flags & AtFlags.AT_EACCESS) == 0 && (own.Uid != own.FsUid || own.Gid != own.FsGid || (own.Uid == own.RootUid && own.Effective != own.Permitted)
            || (own.Uid != own.RootUid && own.Effective != 0)))
        {
            // The real ids, with the capabilities that exec would give them.
            caller = new CallerAs(task, own with { FsUid = own.Uid, FsGid = own.Gid, Effective = own.Uid == own.RootUid ? own.Permitted : 0 });
        }

        if (!task.Find(directory, path, flags.ToWalk(), caller).Ok(out var place, out var error))
        {
            return error;
        }

        var wanted = (Access)mode;
        var inode = place.Inode;
        if ((wanted & Access.Execute) != 0 && inode.IsRegular && place.Mount.Has(MountFlags.MS_NOEXEC))
        {
            return Errno.EACCES;
        }

        error = wanted == Access.None ? Errno.OK : inode.CheckAccess(caller.Credentials, wanted);
        if (error == Errno.OK && (wanted & Access.Write) != 0 && place.Mount.IsReadOnly && (inode.IsRegular || inode.IsDirectory || inode.IsSymbolicLink))
        {
            error = Errno.EROFS;
        }

        return error;
    }
}
