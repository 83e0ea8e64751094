using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Changing attributes (chmod(2), chown(2), truncate(2), fallocate(2), umask(2)).</summary>
internal static class Attributes
{
    [Syscall(Nr.chmod)]
    public static SysResult chmod(Task task, UserString path, uint mode) => fchmodat2(task, new Fd(-100), path, mode, AtFlags.None);

    [Syscall(Nr.fchmodat)]
    public static SysResult fchmodat(Task task, Fd directory, UserString path, uint mode) => fchmodat2(task, directory, path, mode, AtFlags.None);

    [Syscall(Nr.fchmodat2)]
    public static SysResult fchmodat2(Task task, Fd directory, UserString path, uint mode, AtFlags flags)
        => (flags & ~(AtFlags.AT_SYMLINK_NOFOLLOW | AtFlags.AT_EMPTY_PATH)) != 0 ? Errno.EINVAL
            : task.Find(directory, path, flags.ToWalk()).Ok(out var place, out var error) ? task.Kernel.Vfs.ChangeMode(task, place, mode) : error;

    [Syscall(Nr.fchmod)]
    public static SysResult fchmod(Task task, Fd fd, uint mode)
        => OfDescriptor(task, fd).Ok(out var place, out var error) ? task.Kernel.Vfs.ChangeMode(task, place, mode) : error;

    [Syscall(Nr.chown)]
    public static SysResult chown(Task task, UserString path, uint uid, uint gid) => fchownat(task, new Fd(-100), path, uid, gid, AtFlags.None);

    [Syscall(Nr.lchown)]
    public static SysResult lchown(Task task, UserString path, uint uid, uint gid) => fchownat(task, new Fd(-100), path, uid, gid, AtFlags.AT_SYMLINK_NOFOLLOW);

    [Syscall(Nr.fchown)]
    public static SysResult fchown(Task task, Fd fd, uint uid, uint gid)
        => OfDescriptor(task, fd).Ok(out var place, out var error) ? ChangeOwner(task, place, uid, gid) : error;

    [Syscall(Nr.fchownat)]
    public static SysResult fchownat(Task task, Fd directory, UserString path, uint uid, uint gid, AtFlags flags)
        => (flags & ~(AtFlags.AT_SYMLINK_NOFOLLOW | AtFlags.AT_EMPTY_PATH)) != 0 ? Errno.EINVAL
            : task.Find(directory, path, flags.ToWalk()).Ok(out var place, out var error) ? ChangeOwner(task, place, uid, gid) : error;

    /// <summary>The ids are the caller's; -1 leaves one as it is, and one that his user namespace does not have is EINVAL.</summary>
    private static SysResult ChangeOwner(Task task, VfsPath place, uint uid, uint gid)
    {
        var who = task.Credentials;
        var (user, group) = (uid == uint.MaxValue ? uid : who.KernelUid(uid), gid == uint.MaxValue ? gid : who.KernelGid(gid));
        return (user == uint.MaxValue && uid != user) || (group == uint.MaxValue && gid != group) ? Errno.EINVAL : task.Kernel.Vfs.ChangeOwner(task, place, user, group);
    }

    [Syscall(Nr.truncate)]
    public static SysResult truncate(Task task, UserString path, long length)
    {
        if (length < 0)
        {
            return Errno.EINVAL;
        }

        if (!task.Find(new Fd(-100), path, WalkFlags.Follow).Ok(out var place, out var error))
        {
            return error;
        }

        return Limited(task, length, task.Kernel.Vfs.Truncate(task, place, length));
    }

    [Syscall(Nr.ftruncate)]
    public static SysResult ftruncate(Task task, Fd fd, long length)
    {
        if (!task.Files.Get(fd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        if (length < 0)
        {
            return Errno.EINVAL;
        }

        error = (ulong)length > task.FileSizeLimit ? Errno.EFBIG : file.Truncate(task, length);
        if (error == Errno.OK)
        {
            FileTransfer.Tell(task, file, InotifyMask.IN_MODIFY);
        }

        return Limited(task, length, error);
    }

    [Syscall(Nr.fallocate)]
    public static SysResult fallocate(Task task, Fd fd, FallocFlags mode, long offset, long length)
    {
        if (!task.Files.Get(fd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        if (offset < 0 || length <= 0)
        {
            return Errno.EINVAL;
        }

        if (!file.CanWrite)
        {
            return Errno.EBADF;
        }

        if (file.Inode is not { IsRegular: true })
        {
            return file.Inode is { IsDirectory: true } ? Errno.EISDIR : file.Inode is { Type: StatMode.S_IFIFO } || !file.IsSeekable ? Errno.ESPIPE : Errno.ENODEV;
        }

        if (offset > long.MaxValue - length)
        {
            return Errno.EFBIG;
        }

        if ((mode & FallocFlags.FALLOC_FL_KEEP_SIZE) == 0 && (ulong)(offset + length) > task.FileSizeLimit)
        {
            return Limited(task, offset + length, Errno.EFBIG);
        }

        return file.Allocate(task, mode, offset, length);
    }

    [Syscall(Nr.umask)]
    public static SysResult umask(Task task, uint mask)
    {
        var old = task.Fs.Umask;
        task.Fs.Umask = mask;
        return old;
    }

    /// <summary>The place behind a descriptor, for calls that change it. EBADF for O_PATH; EINVAL for what has no inode of a file system.</summary>
    internal static Result<VfsPath> OfDescriptor(Task task, Fd fd)
        => !task.Files.Get(fd.Value).Ok(out var file, out var error) ? error : file.Path is { } place ? place : Errno.EINVAL;

    private static SysResult Limited(Task task, long length, Errno error)
    {
        if (error == Errno.EFBIG && (ulong)length > task.FileSizeLimit)
        {
            _ = task.Send(SigInfo.FromKernel(Sig.XFSZ));
        }

        return error;
    }
}
