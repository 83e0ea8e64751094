using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Watching files (inotify(7)).</summary>
internal static class Inotifies
{
    [Syscall(Nr.inotify_init)]
    public static SysResult inotify_init(Task task) => inotify_init1(task, OpenFlags.O_RDONLY);

    [Syscall(Nr.inotify_init1)]
    public static SysResult inotify_init1(Task task, OpenFlags flags)
        => (flags & ~(OpenFlags.O_CLOEXEC | OpenFlags.O_NONBLOCK)) != 0 ? Errno.EINVAL
            : task.Install(new InotifyInstance(task.Kernel.Vfs.Notify, flags), (flags & OpenFlags.O_CLOEXEC) != 0);

    [Syscall(Nr.inotify_add_watch)]
    public static SysResult inotify_add_watch(Task task, Fd fd, UserString path, InotifyMask mask)
    {
        const InotifyMask both = InotifyMask.IN_MASK_ADD | InotifyMask.IN_MASK_CREATE;
        if (!task.Files.Get(fd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        if (file is not InotifyInstance instance || (mask & InotifyMask.IN_ALL_EVENTS) == 0 || (mask & both) == both)
        {
            return Errno.EINVAL;
        }

        var walk = ((mask & InotifyMask.IN_DONT_FOLLOW) == 0 ? WalkFlags.Follow : 0) | ((mask & InotifyMask.IN_ONLYDIR) != 0 ? WalkFlags.Directory : 0);
        if (!task.Find(new Fd(-100), path, walk).Ok(out var place, out error))
        {
            return error;
        }

        error = place.Inode.CheckAccess(task.Credentials, Access.Read);
        return error == Errno.OK ? SysResult.From(instance.AddWatch(place.Inode, mask)) : error;
    }

    [Syscall(Nr.inotify_rm_watch)]
    public static SysResult inotify_rm_watch(Task task, Fd fd, int watch)
        => !task.Files.Get(fd.Value).Ok(out var file, out var error) ? error : file is InotifyInstance instance ? instance.RemoveWatch(watch) : Errno.EINVAL;
}
