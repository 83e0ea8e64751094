using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>Making and removing names (mkdir(2), mknod(2), symlink(2), link(2), unlink(2), rmdir(2)).</summary>
public sealed partial class VirtualFileSystem
{
    /// <summary>mkdir(2).</summary>
    public Errno MakeDirectory(in WalkContext context, string path, uint mode)
    {
        var masked = StatMode.S_IFDIR | (mode & (StatMode.S_IRWXUGO | StatMode.S_ISVTX) & ~context.Caller.Umask);
        return Make(context, path, masked, 0, null, null).Error;
    }

    /// <summary>mknod(2), and bind(2) of a UNIX socket.</summary>
    /// <returns>The new place.</returns>
    public Result<VfsPath> MakeNode(in WalkContext context, string path, uint mode, ulong device)
    {
        var type = mode & StatMode.S_IFMT;
        type = type == 0 ? StatMode.S_IFREG : type;
        switch (type)
        {
            case StatMode.S_IFCHR or StatMode.S_IFBLK:
                if (!context.Caller.Credentials.Has(Capability.CAP_MKNOD) && !(type == StatMode.S_IFCHR && device == 0))
                {
                    return Errno.EPERM;
                }

                break;
            case StatMode.S_IFREG or StatMode.S_IFIFO or StatMode.S_IFSOCK:
                device = 0;
                break;
            case StatMode.S_IFDIR:
                return Errno.EPERM;
            default:
                return Errno.EINVAL;
        }

        return Make(context, path, type | (mode & StatMode.S_IALLUGO & ~context.Caller.Umask), device, null, null);
    }

    /// <summary>symlink(2).</summary>
    public Errno MakeSymbolicLink(in WalkContext context, string path, string target)
        => target.Length == 0 ? Errno.ENOENT : Make(context, path, StatMode.S_IFLNK | StatMode.S_IRWXUGO, 0, target, null).Error;

    /// <summary>link(2): one more name for an inode.</summary>
    public Errno Link(in WalkContext context, string path, VfsPath source) => Make(context, path, 0, 0, null, source).Error;

    /// <summary>unlink(2), or rmdir(2) when <paramref name="directory"/>.</summary>
    public Errno Unlink(in WalkContext context, string path, bool directory)
    {
        var caller = context.Caller;
        var walk = new PathWalk(this, caller);
        var error = walk.Start(context, path, WalkFlags.None);
        if (error != Errno.OK || (error = walk.Run(parent: true)) != Errno.OK)
        {
            return error;
        }

        if (walk.Last != LastKind.Name)
        {
            return !directory ? Errno.EISDIR : walk.Last == LastKind.DotDot ? Errno.ENOTEMPTY : walk.LastName.Length == 0 ? Errno.EBUSY : Errno.EINVAL;
        }

        var parent = walk.Place;
        var name = walk.LastName;
        Inode victim;
        Dentry removed;
        using (parent.Dentry.Lock.Enter())
        {
            if (!LookupLocked(caller, parent.Dentry, name).Ok(out var child, out error))
            {
                return error;
            }

            if (child.Inode is not { } inode)
            {
                return parent.Mount.IsReadOnly && !directory ? Errno.ENOENT : Errno.ENOENT;
            }

            if (walk.TrailingSlash && !directory)
            {
                return inode.IsDirectory ? Errno.EISDIR : Errno.ENOTDIR;
            }

            error = Permissions.MayDelete(caller, parent, inode, directory);
            if (error != Errno.OK)
            {
                return error;
            }

            if (IsMountedOn(parent.Mount, child))
            {
                return Errno.EBUSY;
            }

            error = directory ? parent.Inode.RemoveDirectory(caller, name, inode) : parent.Inode.Unlink(caller, name, inode);
            if (error != Errno.OK)
            {
                return error;
            }

            Notify.Entry(parent.Inode, name, InotifyMask.IN_DELETE, directory);
            parent.Dentry.RemoveChild(child, deleted: true);
            (victim, removed) = (inode, child);
        }

        MountNamespace.DetachFrom(removed);

        TellRemoved(victim);
        return Errno.OK;
    }

    private void TellRemoved(Inode victim)
    {
        if (!Notify.IsActive || victim.WatchesOrNull is null)
        {
            return;
        }

        if (!victim.IsDirectory)
        {
            Notify.Self(victim, InotifyMask.IN_ATTRIB);
        }

        victim.TellIfGone();
    }

    private Result<VfsPath> Make(in WalkContext context, string path, uint mode, ulong device, string? target, VfsPath? source)
    {
        var caller = context.Caller;
        var walk = new PathWalk(this, caller);
        var error = walk.Start(context, path, WalkFlags.None);
        if (error != Errno.OK || (error = walk.Run(parent: true)) != Errno.OK)
        {
            return error;
        }

        if (walk.Last != LastKind.Name)
        {
            return Errno.EEXIST;
        }

        var parent = walk.Place;
        var name = walk.LastName;
        var type = mode & StatMode.S_IFMT;
        using (parent.Dentry.Lock.Enter())
        {
            if (!LookupLocked(caller, parent.Dentry, name).Ok(out var child, out error))
            {
                return error;
            }

            if (child.Inode is not null)
            {
                return Errno.EEXIST;
            }

            if (walk.TrailingSlash && type != StatMode.S_IFDIR)
            {
                return Errno.ENOENT;
            }

            if (source is not null && !ReferenceEquals(source.Mount, parent.Mount))
            {
                return Errno.EXDEV;
            }

            error = Permissions.MayCreate(caller, parent);
            if (error != Errno.OK)
            {
                return error;
            }

            var directory = parent.Inode;
            Result<Inode> made;
            if (source is not null)
            {
                error = MayLink(caller, source);
                made = error == Errno.OK && (error = directory.Link(caller, name, source.Inode)) == Errno.OK ? source.Inode : error;
            }
            else
            {
                var node = Permissions.NewNodeIn(directory, caller.Credentials, mode, device);
                made = type switch
                {
                    StatMode.S_IFDIR => directory.MakeDirectory(caller, name, node),
                    StatMode.S_IFLNK => directory.MakeSymbolicLink(caller, name, target!, node),
                    StatMode.S_IFREG => directory.Create(caller, name, node),
                    _ => directory.MakeNode(caller, name, node),
                };
            }

            if (!made.Ok(out var inode, out error))
            {
                return error;
            }

            child.Instantiate(inode);
            Notify.Entry(directory, name, InotifyMask.IN_CREATE, type == StatMode.S_IFDIR);
            if (source is not null)
            {
                Notify.Self(inode, InotifyMask.IN_ATTRIB);
            }

            return new VfsPath(parent.Mount, child);
        }
    }

    // fs.protected_hardlinks: only what the linker owns or could write, and nothing special (proc(5)).
    private static Errno MayLink(ICaller caller, VfsPath source)
    {
        var inode = source.Inode;
        if (inode.IsDirectory)
        {
            return Errno.EPERM;
        }

        if (Permissions.IsOwner(inode, caller.Credentials))
        {
            return Errno.OK;
        }

        var mode = inode.Mode;
        var plain = inode.IsRegular && (mode & StatMode.S_ISUID) == 0
            && (mode & (StatMode.S_ISGID | StatMode.S_IXGRP)) != (StatMode.S_ISGID | StatMode.S_IXGRP);
        return plain && inode.CheckAccess(caller.Credentials, Access.Read | Access.Write) == Errno.OK ? Errno.OK : Errno.EPERM;
    }
}
