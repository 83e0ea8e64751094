using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>The mount tree (mount(2), umount2(2), pivot_root(2)).</summary>
internal static class Mounts
{
    private const MountFlags Propagation = MountFlags.MS_SHARED | MountFlags.MS_PRIVATE | MountFlags.MS_SLAVE | MountFlags.MS_UNBINDABLE;

    [Syscall(Nr.mount, Support.Partial, "propagation is always private; asking for another kind is accepted and ignored")]
    public static SysResult mount(Task task, UserString source, UserString target, UserString type, MountFlags flags, UserString data)
    {
        // The old magic in the upper half is ignored.
        flags &= (MountFlags)0xffffffff;
        if (((ulong)flags & 0xffff0000) == 0xC0ED0000)
        {
            flags &= (MountFlags)0xffff;
        }

        if (!Text(task, type).Ok(out var typeName, out var error) || !Text(task, source).Ok(out var device, out error)
            || !Text(task, data).Ok(out var options, out error) || !task.Find(new Fd(-100), target, WalkFlags.Follow).Ok(out var place, out error))
        {
            return error;
        }

        var shown = (flags & (MountFlags.MS_BIND | MountFlags.MS_MOVE)) != 0 ? null : typeName;
        var (who, space) = (task.Credentials, task.Mounts);
        var mayMount = (flags & (MountFlags.MS_REMOUNT | Propagation)) != 0 ? task.Jail.MayMount(who, space.Owner) : task.Jail.MayMount(who, space.Owner, shown);
        if (!mayMount)
        {
            return Errno.EPERM;
        }

        // Without an explicit choice access times are relative (mount(2), MS_RELATIME).
        var mountFlags = flags & Mount.PerMount;
        if ((flags & (MountFlags.MS_NOATIME | MountFlags.MS_STRICTATIME)) == 0)
        {
            mountFlags |= MountFlags.MS_RELATIME;
        }

        if ((flags & MountFlags.MS_REMOUNT) != 0)
        {
            return Remount(task, place, flags, mountFlags, options);
        }

        if ((flags & MountFlags.MS_BIND) != 0)
        {
            return !task.Find(new Fd(-100), source, WalkFlags.Follow).Ok(out var from, out error) ? error
                : ReferenceEquals(from.Mount.Namespace, space) ? space.Bind(from, place, (flags & MountFlags.MS_REC) != 0).Error
                : Errno.EINVAL;
        }

        if ((flags & Propagation) != 0)
        {
            return ReferenceEquals(place.Dentry, place.Mount.Root) && ReferenceEquals(place.Mount.Namespace, space) ? 0 : Errno.EINVAL;
        }

        if ((flags & MountFlags.MS_MOVE) != 0)
        {
            return task.Find(new Fd(-100), source, WalkFlags.Follow).Ok(out var from, out error) ? space.Move(from, place) : error;
        }

        if (task.Kernel.Vfs.Types.Find(typeName) is not { } kind)
        {
            return task.Fail(typeName.Length == 0 ? Errno.EINVAL : Errno.ENODEV, "unknown file system type");
        }

        // Of what a user namespace has, only files in memory are its own; the rest shows what belongs to the first one.
        if (who.Namespace is not null && !kind.IsForUserNamespaces)
        {
            return Errno.EPERM;
        }

        var request = new MountRequest(task.Kernel.Vfs, task.Context(), device, flags, options) { Jail = task.Jail };
        return kind.Mount(request).Ok(out var made, out error) ? space.Attach(place, made, mountFlags, device.Length == 0 ? "none" : device).Error : error;
    }

    [Syscall(Nr.umount2)]
    public static SysResult umount2(Task task, UserString target, UnmountFlags flags)
    {
        if ((flags & ~(UnmountFlags.MNT_FORCE | UnmountFlags.MNT_DETACH | UnmountFlags.MNT_EXPIRE | UnmountFlags.UMOUNT_NOFOLLOW)) != 0
            || ((flags & UnmountFlags.MNT_EXPIRE) != 0 && (flags & (UnmountFlags.MNT_FORCE | UnmountFlags.MNT_DETACH)) != 0))
        {
            return Errno.EINVAL;
        }

        var walk = (flags & UnmountFlags.UMOUNT_NOFOLLOW) != 0 ? WalkFlags.None : WalkFlags.Follow;
        if (!task.Find(new Fd(-100), target, walk).Ok(out var place, out var error))
        {
            return error;
        }

        var space = task.Mounts;
        if (!task.Jail.MayMount(task.Credentials, space.Owner) || !ReferenceEquals(place.Mount.Namespace, space))
        {
            return task.Jail.MayMount(task.Credentials, space.Owner) ? Errno.EINVAL : Errno.EPERM;
        }

        if ((flags & UnmountFlags.MNT_EXPIRE) != 0)
        {
            // The first request only marks; nothing expires here, so it stays the first.
            return Errno.EAGAIN;
        }

        return space.Unmount(place, (flags & UnmountFlags.MNT_DETACH) != 0);
    }

    [Syscall(Nr.pivot_root)]
    public static SysResult pivot_root(Task task, UserString newRoot, UserString putOld)
    {
        if (!task.Jail.MayMount(task.Credentials, task.Mounts.Owner, null))
        {
            return Errno.EPERM;
        }

        if (!task.Find(new Fd(-100), newRoot, WalkFlags.Follow | WalkFlags.Directory).Ok(out var to, out var error)
            || !task.Find(new Fd(-100), putOld, WalkFlags.Follow | WalkFlags.Directory).Ok(out var old, out error))
        {
            return error;
        }

        var root = task.Fs.Root;
        if (!task.Mounts.Pivot(to, old, root).Ok(out _, out error))
        {
            return error;
        }

        foreach (var process in task.Jail.VisibleProcesses)
        {
            foreach (var other in process.GetTasks())
            {
                if (other.Fs.Root == root)
                {
                    other.Fs.Root = to;
                }

                if (other.Fs.Cwd == root)
                {
                    other.Fs.Cwd = to;
                }
            }
        }

        return 0;
    }

    private static SysResult Remount(Task task, VfsPath place, MountFlags flags, MountFlags mountFlags, string options)
    {
        const MountFlags times = MountFlags.MS_NOATIME | MountFlags.MS_NODIRATIME | MountFlags.MS_RELATIME;
        if (!ReferenceEquals(place.Dentry, place.Mount.Root) || !ReferenceEquals(place.Mount.Namespace, task.Mounts))
        {
            return Errno.EINVAL;
        }

        if ((flags & (times | MountFlags.MS_STRICTATIME)) == 0)
        {
            mountFlags = (mountFlags & ~times) | (place.Mount.Flags & times); // as it is
        }

        if ((flags & MountFlags.MS_BIND) == 0)
        {
            if (!task.Credentials.HasOwn(Capability.CAP_SYS_ADMIN, place.Mount.FileSystem.Owner))
            {
                return Errno.EPERM;
            }

            var error = place.Mount.FileSystem.Remount(options);
            if (error != Errno.OK)
            {
                return error;
            }
        }

        return task.Mounts.SetFlags(place.Mount, mountFlags);
    }

    private static Result<string> Text(Task task, UserString text) => text.IsNull ? "" : text.Read(task, UserString.PathMax, Errno.EINVAL);
}
