using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Names of files (link(2), symlink(2), unlink(2), rename(2), mknod(2)).</summary>
internal static class Link
{
    [Syscall(Nr.link)]
    public static SysResult link(Task task, UserString oldPath, UserString newPath) => linkat(task, new Fd(-100), oldPath, new Fd(-100), newPath, AtFlags.None);

    [Syscall(Nr.linkat)]
    public static SysResult linkat(Task task, Fd oldDirectory, UserString oldPath, Fd newDirectory, UserString newPath, AtFlags flags)
    {
        if ((flags & ~(AtFlags.AT_SYMLINK_FOLLOW | AtFlags.AT_EMPTY_PATH)) != 0)
        {
            return Errno.EINVAL;
        }

        var walk = (flags & AtFlags.AT_SYMLINK_FOLLOW) != 0 ? WalkFlags.Follow : WalkFlags.None;
        if ((flags & AtFlags.AT_EMPTY_PATH) != 0)
        {
            if (!task.Credentials.Has(Capability.CAP_DAC_READ_SEARCH))
            {
                return Errno.ENOENT;
            }

            walk |= WalkFlags.Empty;
        }

        if (!task.Find(oldDirectory, oldPath, walk).Ok(out var source, out var error)
            || !newPath.ReadPath(task).Ok(out var text, out error) || !task.Context(newDirectory, text).Ok(out var context, out error))
        {
            return error;
        }

        return task.Kernel.Vfs.Link(context, text, source);
    }

    [Syscall(Nr.symlink)]
    public static SysResult symlink(Task task, UserString target, UserString path) => symlinkat(task, target, new Fd(-100), path);

    [Syscall(Nr.symlinkat)]
    public static SysResult symlinkat(Task task, UserString target, Fd directory, UserString path)
    {
        if (!target.ReadPath(task).Ok(out var content, out var error)
            || !path.ReadPath(task).Ok(out var text, out error) || !task.Context(directory, text).Ok(out var context, out error))
        {
            return error;
        }

        return task.Kernel.Vfs.MakeSymbolicLink(context, text, content);
    }

    [Syscall(Nr.unlink)]
    public static SysResult unlink(Task task, UserString path) => Remove(task, new Fd(-100), path, directory: false);

    [Syscall(Nr.unlinkat)]
    public static SysResult unlinkat(Task task, Fd directory, UserString path, AtFlags flags)
        => (flags & ~AtFlags.AT_REMOVEDIR) != 0 ? Errno.EINVAL : Remove(task, directory, path, (flags & AtFlags.AT_REMOVEDIR) != 0);

    [Syscall(Nr.rename)]
    public static SysResult rename(Task task, UserString oldPath, UserString newPath)
        => renameat2(task, new Fd(-100), oldPath, new Fd(-100), newPath, RenameFlags.None);

    [Syscall(Nr.renameat)]
    public static SysResult renameat(Task task, Fd oldDirectory, UserString oldPath, Fd newDirectory, UserString newPath)
        => renameat2(task, oldDirectory, oldPath, newDirectory, newPath, RenameFlags.None);

    [Syscall(Nr.renameat2)]
    public static SysResult renameat2(Task task, Fd oldDirectory, UserString oldPath, Fd newDirectory, UserString newPath, RenameFlags flags)
    {
        if (!oldPath.ReadPath(task).Ok(out var from, out var error) || !newPath.ReadPath(task).Ok(out var to, out error)
            || !task.Context(oldDirectory, from).Ok(out var oldContext, out error) || !task.Context(newDirectory, to).Ok(out var newContext, out error))
        {
            return error;
        }

        if ((flags & RenameFlags.RENAME_WHITEOUT) != 0 && !task.Credentials.Has(Capability.CAP_MKNOD))
        {
            return Errno.EPERM;
        }

        return task.Kernel.Vfs.Rename(oldContext, from, newContext, to, flags);
    }

    [Syscall(Nr.mknod)]
    public static SysResult mknod(Task task, UserString path, uint mode, uint device) => mknodat(task, new Fd(-100), path, mode, device);

    [Syscall(Nr.mknodat)]
    public static SysResult mknodat(Task task, Fd directory, UserString path, uint mode, uint device)
    {
        if (!path.ReadPath(task).Ok(out var text, out var error) || !task.Context(directory, text).Ok(out var context, out error))
        {
            return error;
        }

        return task.Kernel.Vfs.MakeNode(context, text, mode & 0xffff, DeviceNumber.Decode(device)).Error;
    }

    /// <summary>unlink(2) and rmdir(2).</summary>
    internal static SysResult Remove(Task task, Fd at, UserString path, bool directory)
    {
        if (!path.ReadPath(task).Ok(out var text, out var error) || !task.Context(at, text).Ok(out var context, out error))
        {
            return error;
        }

        return task.Kernel.Vfs.Unlink(context, text, directory);
    }
}
