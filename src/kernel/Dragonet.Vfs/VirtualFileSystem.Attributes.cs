using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>Attributes of places, with the rights that each change needs.</summary>
public sealed partial class VirtualFileSystem
{
    /// <summary>stat(2): the inode's attributes as seen through the mount.</summary>
    public static Result<InodeAttributes> GetAttributes(VfsPath place)
    {
        var result = place.Inode.GetAttributes();
        return result.IsOk && place.Mount.DeviceOverride is { } device ? result.Value with { Device = device } : result;
    }

    /// <summary>chmod(2).</summary>
    public Errno ChangeMode(ICaller caller, VfsPath place, uint mode)
    {
        var inode = place.Inode;
        if (place.Mount.IsReadOnly)
        {
            return Errno.EROFS;
        }

        if (inode.IsSymbolicLink)
        {
            return Errno.EOPNOTSUPP;
        }

        if (!Permissions.IsOwner(inode, caller.Credentials))
        {
            return Errno.EPERM;
        }

        mode &= StatMode.S_IALLUGO;
        if ((mode & StatMode.S_ISGID) != 0 && !caller.Credentials.InGroup(inode.Gid)
            && !caller.Credentials.HasOver(Capability.CAP_FSETID, inode.Uid, inode.Gid))
        {
            mode &= ~StatMode.S_ISGID;
        }

        return Apply(caller, place, new AttributeChange { Mask = AttributeMask.Mode, Mode = mode });
    }

    /// <summary>chown(2); <see cref="uint.MaxValue"/> leaves an id as it is.</summary>
    public Errno ChangeOwner(ICaller caller, VfsPath place, uint uid, uint gid)
    {
        var inode = place.Inode;
        var credentials = caller.Credentials;
        if (place.Mount.IsReadOnly)
        {
            return Errno.EROFS;
        }

        var mask = AttributeMask.None;
        if (uid != uint.MaxValue)
        {
            mask |= AttributeMask.Uid;
            if (!(inode.Uid == credentials.FsUid && uid == inode.Uid) && !credentials.HasOver(Capability.CAP_CHOWN, inode.Uid, inode.Gid))
            {
                return Errno.EPERM;
            }
        }

        if (gid != uint.MaxValue)
        {
            mask |= AttributeMask.Gid;
            if (!(inode.Uid == credentials.FsUid && (credentials.InGroup(gid) || gid == inode.Gid))
                && !credentials.HasOver(Capability.CAP_CHOWN, inode.Uid, inode.Gid))
            {
                return Errno.EPERM;
            }
        }

        var mode = inode.Mode;
        if (!inode.IsDirectory)
        {
            var drop = StatMode.S_ISUID | ((mode & StatMode.S_IXGRP) != 0 ? StatMode.S_ISGID : 0);
            if ((mode & drop) != 0)
            {
                mask |= AttributeMask.Mode;
                mode &= ~drop;
            }
        }

        return Apply(caller, place, new AttributeChange { Mask = mask, Uid = uid, Gid = gid, Mode = mode & StatMode.S_IALLUGO });
    }

    /// <summary>utimensat(2). Null leaves a time as it is.</summary>
    /// <param name="now">Both times are "now": write permission is enough.</param>
    public Errno ChangeTimes(ICaller caller, VfsPath place, long? access, long? modify, bool now)
    {
        var inode = place.Inode;
        if (place.Mount.IsReadOnly)
        {
            return Errno.EROFS;
        }

        if (!Permissions.IsOwner(inode, caller.Credentials))
        {
            if (!now)
            {
                return Errno.EPERM;
            }

            var error = inode.CheckAccess(caller.Credentials, Access.Write);
            if (error != Errno.OK)
            {
                return error;
            }
        }

        var mask = (access is null ? 0 : AttributeMask.AccessTime) | (modify is null ? 0 : AttributeMask.ModifyTime);
        return Apply(caller, place, new AttributeChange { Mask = mask, AccessTime = access ?? 0, ModifyTime = modify ?? 0 });
    }

    /// <summary>truncate(2).</summary>
    public Errno Truncate(ICaller caller, VfsPath place, long length)
    {
        var inode = place.Inode;
        if (!inode.IsRegular)
        {
            return inode.IsDirectory ? Errno.EISDIR : Errno.EINVAL;
        }

        var error = inode.CheckAccess(caller.Credentials, Access.Write);
        if (error != Errno.OK)
        {
            return error;
        }

        if (place.Mount.IsReadOnly)
        {
            return Errno.EROFS;
        }

        if ((ulong)length > caller.FileSizeLimit)
        {
            return Errno.EFBIG;
        }

        if (!inode.TryAddWriter())
        {
            return Errno.ETXTBSY;
        }

        inode.DropPrivileges(caller);
        error = inode.SetAttributes(caller, new AttributeChange { Mask = AttributeMask.Size, Size = length });
        inode.DropWriter();
        if (error == Errno.OK)
        {
            Notify.File(place.Dentry, InotifyMask.IN_MODIFY);
        }

        return error;
    }

    private Errno Apply(ICaller caller, VfsPath place, in AttributeChange change)
    {
        var error = place.Inode.SetAttributes(caller, change);
        if (error == Errno.OK)
        {
            Notify.File(place.Dentry, InotifyMask.IN_ATTRIB);
        }

        return error;
    }

    /// <summary>May an extended attribute be read or changed (xattr(7))?</summary>
    public static Errno CheckXattr(ICaller caller, VfsPath place, string name, bool write)
    {
        var inode = place.Inode;
        if (write && place.Mount.IsReadOnly)
        {
            return Errno.EROFS;
        }

        if (name.StartsWith("user.", StringComparison.Ordinal))
        {
            if (!inode.IsRegular && !inode.IsDirectory)
            {
                return write ? Errno.EPERM : Errno.ENODATA;
            }

            if (inode.IsDirectory && (inode.Mode & StatMode.S_ISVTX) != 0 && write && !Permissions.IsOwner(inode, caller.Credentials))
            {
                return Errno.EPERM;
            }

            return inode.CheckAccess(caller.Credentials, write ? Access.Write : Access.Read);
        }

        if (name.StartsWith("trusted.", StringComparison.Ordinal))
        {
            return caller.Credentials.Has(Capability.CAP_SYS_ADMIN) ? Errno.OK : write ? Errno.EPERM : Errno.ENODATA;
        }

        if (name.StartsWith("security.", StringComparison.Ordinal))
        {
            return !write ? Errno.OK
                : name == "security.capability" ? caller.Credentials.Has(Capability.CAP_SETFCAP) ? Errno.OK : Errno.EPERM
                : caller.Credentials.Has(Capability.CAP_SYS_ADMIN) ? Errno.OK : Errno.EPERM;
        }

        return Errno.EOPNOTSUPP;
    }
}
