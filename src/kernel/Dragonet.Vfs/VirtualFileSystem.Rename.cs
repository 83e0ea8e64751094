using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>rename(2).</summary>
public sealed partial class VirtualFileSystem
{
    /// <summary>renameat2(2).</summary>
    public Errno Rename(in WalkContext oldContext, string oldPath, in WalkContext newContext, string newPath, RenameFlags flags)
    {
        if ((flags & ~(RenameFlags.RENAME_NOREPLACE | RenameFlags.RENAME_EXCHANGE | RenameFlags.RENAME_WHITEOUT)) != 0
            || (flags & (RenameFlags.RENAME_NOREPLACE | RenameFlags.RENAME_EXCHANGE)) == (RenameFlags.RENAME_NOREPLACE | RenameFlags.RENAME_EXCHANGE)
            || (flags & (RenameFlags.RENAME_WHITEOUT | RenameFlags.RENAME_EXCHANGE)) == (RenameFlags.RENAME_WHITEOUT | RenameFlags.RENAME_EXCHANGE))
        {
            return Errno.EINVAL;
        }

        var caller = oldContext.Caller;
        var from = new PathWalk(this, caller);
        var to = new PathWalk(this, caller);
        Errno error;
        if ((error = from.Start(oldContext, oldPath, WalkFlags.None)) != Errno.OK || (error = from.Run(parent: true)) != Errno.OK
            || (error = to.Start(newContext, newPath, WalkFlags.None)) != Errno.OK || (error = to.Run(parent: true)) != Errno.OK)
        {
            return error;
        }

        if (!ReferenceEquals(from.Mount, to.Mount))
        {
            return Errno.EXDEV;
        }

        if (from.Last != LastKind.Name)
        {
            return Errno.EBUSY;
        }

        if (to.Last != LastKind.Name)
        {
            return (flags & RenameFlags.RENAME_NOREPLACE) != 0 ? Errno.EEXIST : Errno.EBUSY;
        }

        error = Rename(caller, from, to, flags, out var covered);
        if (covered is not null)
        {
            MountNamespace.DetachFrom(covered);
        }

        return error;
    }

    private Errno Rename(ICaller caller, PathWalk from, PathWalk to, RenameFlags flags, out Dentry? covered)
    {
        if (ReferenceEquals(from.Dentry, to.Dentry))
        {
            using (from.Dentry.Lock.Enter())
            {
                return RenameLocked(caller, from, to, flags, out covered);
            }
        }

        var (first, second) = from.Dentry.Id < to.Dentry.Id ? (from.Dentry, to.Dentry) : (to.Dentry, from.Dentry);
        using (from.Dentry.FileSystem.RenameLock.Enter())
        using (first.Lock.Enter())
        using (second.Lock.Enter())
        {
            return RenameLocked(caller, from, to, flags, out covered);
        }
    }

    /// <param name="covered">The name that is no more: another one has its place.</param>
    private Errno RenameLocked(ICaller caller, PathWalk from, PathWalk to, RenameFlags flags, out Dentry? covered)
    {
        covered = null;
        var (oldParent, newParent) = (from.Place, to.Place);
        var exchange = (flags & RenameFlags.RENAME_EXCHANGE) != 0;
        if (!LookupLocked(caller, oldParent.Dentry, from.LastName).Ok(out var source, out var error)
            || !LookupLocked(caller, newParent.Dentry, to.LastName).Ok(out var target, out error))
        {
            return error;
        }

        if (source.Inode is not { } moved)
        {
            return Errno.ENOENT;
        }

        var replaced = target.Inode;
        error = CheckRename(caller, oldParent, newParent, source, target, from.TrailingSlash, to.TrailingSlash, flags);
        if (error != Errno.OK)
        {
            return error;
        }

        if (ReferenceEquals(moved, replaced))
        {
            return Errno.OK;
        }

        error = oldParent.Inode.Rename(caller, from.LastName, moved, newParent.Inode, to.LastName, replaced, flags);
        if (error != Errno.OK)
        {
            return error;
        }

        if (exchange)
        {
            Dentry.Exchange(source, target);
        }
        else
        {
            newParent.Dentry.RemoveChild(target, deleted: replaced is not null);
            covered = replaced is null ? null : target;
            Dentry.Move(source, newParent.Dentry, to.LastName);
        }

        TellRenamed(oldParent.Inode, newParent.Inode, from.LastName, to.LastName, moved, replaced, exchange);
        return Errno.OK;
    }

    private static Errno CheckRename(
        ICaller caller, VfsPath oldParent, VfsPath newParent, Dentry source, Dentry target, bool oldSlash, bool newSlash, RenameFlags flags)
    {
        var exchange = (flags & RenameFlags.RENAME_EXCHANGE) != 0;
        var moved = source.Inode!;
        var replaced = target.Inode;
        if (replaced is not null && (flags & RenameFlags.RENAME_NOREPLACE) != 0)
        {
            return Errno.EEXIST;
        }

        if (exchange && replaced is null)
        {
            return Errno.ENOENT;
        }

        if (exchange && newSlash && !replaced!.IsDirectory)
        {
            return Errno.ENOTDIR;
        }

        if (!moved.IsDirectory && (oldSlash || (!exchange && newSlash)))
        {
            return Errno.ENOTDIR;
        }

        if (source.IsAncestorOf(newParent.Dentry))
        {
            return Errno.EINVAL;
        }

        if (replaced is not null && target.IsAncestorOf(oldParent.Dentry))
        {
            return exchange ? Errno.EINVAL : Errno.ENOTEMPTY;
        }

        var error = Permissions.MayDelete(caller, oldParent, moved, null);
        if (error != Errno.OK)
        {
            return error;
        }

        error = replaced is null
            ? Permissions.MayCreate(caller, newParent)
            : Permissions.MayDelete(caller, newParent, replaced, exchange ? null : moved.IsDirectory);
        if (error != Errno.OK)
        {
            return error;
        }

        // ".." of a moved directory changes, so the directory itself must be writable.
        if (!ReferenceEquals(oldParent.Dentry, newParent.Dentry))
        {
            if (moved.IsDirectory && (error = moved.CheckAccess(caller.Credentials, Access.Write)) != Errno.OK)
            {
                return error;
            }

            if (exchange && replaced!.IsDirectory && (error = replaced.CheckAccess(caller.Credentials, Access.Write)) != Errno.OK)
            {
                return error;
            }
        }

        return IsMountedOn(oldParent.Mount, source) || IsMountedOn(newParent.Mount, target) ? Errno.EBUSY : Errno.OK;
    }

    private void TellRenamed(Inode oldDirectory, Inode newDirectory, string oldName, string newName, Inode moved, Inode? replaced, bool exchange)
    {
        if (!Notify.IsActive)
        {
            return;
        }

        Tell(oldDirectory, oldName, newDirectory, newName, moved);
        if (replaced is null)
        {
            return;
        }

        if (exchange)
        {
            Tell(newDirectory, newName, oldDirectory, oldName, replaced);
        }
        else
        {
            TellRemoved(replaced);
        }

        void Tell(Inode from, string name, Inode to, string newName, Inode inode)
        {
            var cookie = Notify.NextCookie();
            Notify.Entry(from, name, InotifyMask.IN_MOVED_FROM, inode.IsDirectory, cookie);
            Notify.Entry(to, newName, InotifyMask.IN_MOVED_TO, inode.IsDirectory, cookie);
            Notify.Self(inode, InotifyMask.IN_MOVE_SELF);
        }
    }
}
