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
        var mayMount = (flags & (MountFlags.MS_REMOUNT | Propagation)) != 0 ? task.Jail.MayMount(task.Credentials) : task.Jail.MayMount(task.Credentials, shown);
        if (!mayMount || task.Fs.Root.Mount.Namespace is not { } space)
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
            return Remount(place, space, flags, mountFlags, options);
        }

        if ((flags & MountFlags.MS_BIND) != 0)
        {
            return task.Find(new Fd(-100), source, WalkFlags.Follow).Ok(out var from, out error)
                ? space.Bind(from, place, (flags & MountFlags.MS_REC) != 0).Error
                : error;
        }

        if ((flags & Propagation) != 0)
        {
            return ReferenceEquals(place.Dentry, place.Mount.Root) ? 0 : Errno.EINVAL;
        }

        if ((flags & MountFlags.MS_MOVE) != 0)
        {
            return task.Find(new Fd(-100), source, WalkFlags.Follow).Ok(out var from, out error) ? space.Move(from, place) : error;
        }

        if (task.Kernel.Vfs.Types.Find(typeName) is not { } kind)
        {
            return task.Fail(typeName.Length == 0 ? Errno.EINVAL : Errno.ENODEV, "unknown file system type");
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

        if (!task.Jail.MayMount(task.Credentials) || place.Mount.Namespace is not { } space)
        {
            return place.Mount.Namespace is null ? Errno.EINVAL : Errno.EPERM;
        }

        if ((flags & UnmountFlags.MNT_EXPIRE) != 0)
        {
            // The first request only marks; nothing expires here, so it stays the first.
            return Errno.EAGAIN;
        }

        return space.Unmount(place, (flags & UnmountFlags.MNT_DETACH) != 0, Pinned(task));
    }

    [Syscall(Nr.pivot_root)]
    public static SysResult pivot_root(Task task, UserString newRoot, UserString putOld)
    {
        if (!task.Jail.MayMount(task.Credentials, null))
        {
            return Errno.EPERM;
        }

        if (!task.Find(new Fd(-100), newRoot, WalkFlags.Follow | WalkFlags.Directory).Ok(out var to, out var error)
            || !task.Find(new Fd(-100), putOld, WalkFlags.Follow | WalkFlags.Directory).Ok(out var old, out error))
        {
            return error;
        }

        var root = task.Fs.Root;
        if (root.Mount.Namespace is not { } space || !space.Pivot(to, old, root).Ok(out _, out error))
        {
            return root.Mount.Namespace is null ? Errno.EINVAL : error;
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

    private static SysResult Remount(VfsPath place, MountNamespace space, MountFlags flags, MountFlags mountFlags, string options)
    {
        if (!ReferenceEquals(place.Dentry, place.Mount.Root))
        {
            return Errno.EINVAL;
        }

        if ((flags & MountFlags.MS_BIND) == 0)
        {
            var error = place.Mount.FileSystem.Remount(options);
            if (error != Errno.OK)
            {
                return error;
            }
        }

        return space.SetFlags(place.Mount, mountFlags);
    }

    private static HashSet<Mount> Pinned(Task caller)
    {
        var pinned = new HashSet<Mount>();
        foreach (var process in caller.Jail.VisibleProcesses)
        {
            foreach (var task in process.GetTasks())
            {
                if (!task.IsDead)
                {
                    _ = pinned.Add(task.Fs.Root.Mount);
                    _ = pinned.Add(task.Fs.Cwd.Mount);
                }
            }
        }

        return pinned;
    }

    private static Result<string> Text(Task task, UserString text) => text.IsNull ? "" : text.Read(task, UserString.PathMax, Errno.EINVAL);
}
