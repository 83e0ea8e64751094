using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>Who may do what with a file (path_resolution(7), capabilities(7), inode(7)).</summary>
public static class Permissions
{
    /// <summary>Classic mode-bit check with the capabilities that override it. EACCES when refused.</summary>
    public static Errno Check(Inode inode, Credentials credentials, Access access)
    {
        var mode = inode.Mode;
        var bits = credentials.FsUid == inode.Uid ? mode >> 6
            : (mode >> 3 & 7) != (mode & 7) && credentials.InGroup(inode.Gid) ? mode >> 3
            : mode;
        if (((uint)access & ~bits & 7) == 0)
        {
            return Errno.OK;
        }

        if ((mode & StatMode.S_IFMT) == StatMode.S_IFDIR)
        {
            if ((access & Access.Write) == 0 && credentials.HasOver(Capability.CAP_DAC_READ_SEARCH, inode.Uid, inode.Gid))
            {
                return Errno.OK;
            }

            return credentials.HasOver(Capability.CAP_DAC_OVERRIDE, inode.Uid, inode.Gid) ? Errno.OK : Errno.EACCES;
        }

        if (access == Access.Read && credentials.HasOver(Capability.CAP_DAC_READ_SEARCH, inode.Uid, inode.Gid))
        {
            return Errno.OK;
        }

        // Even root executes only what somebody may execute.
        return ((access & Access.Execute) == 0 || (mode & StatMode.S_IXUGO) != 0) && credentials.HasOver(Capability.CAP_DAC_OVERRIDE, inode.Uid, inode.Gid)
            ? Errno.OK
            : Errno.EACCES;
    }

    /// <summary>True for the owner and for who may act as one.</summary>
    public static bool IsOwner(Inode inode, Credentials credentials)
        => inode.Uid == credentials.FsUid || (credentials.HasWithin(Capability.CAP_FOWNER) && credentials.KnowsUser(inode.Uid));

    /// <summary>May a name be added to this directory?</summary>
    internal static Errno MayCreate(ICaller caller, VfsPath directory)
    {
        if (directory.Mount.IsReadOnly)
        {
            return Errno.EROFS;
        }

        return directory.Dentry.IsDeleted ? Errno.ENOENT : directory.Inode.CheckAccess(caller.Credentials, Access.Write | Access.Execute);
    }

    /// <summary>May this name be removed from its directory? Directory rights, sticky bit, and the type that the call wants.</summary>
    /// <param name="directory">True when a directory is to be removed; null when any type will do.</param>
    internal static Errno MayDelete(ICaller caller, VfsPath parent, Inode victim, bool? directory)
    {
        var credentials = caller.Credentials;
        var into = parent.Inode;
        var error = MayCreate(caller, parent);
        if (error != Errno.OK)
        {
            return error;
        }

        if ((into.Mode & StatMode.S_ISVTX) != 0 && victim.Uid != credentials.FsUid && into.Uid != credentials.FsUid
            && !credentials.HasOver(Capability.CAP_FOWNER, victim.Uid, victim.Gid))
        {
            return Errno.EPERM;
        }

        if (directory is { } wanted && wanted != victim.IsDirectory)
        {
            return wanted ? Errno.ENOTDIR : Errno.EISDIR;
        }

        return Errno.OK;
    }

    /// <summary>Owner and mode of a new file in a directory: set-gid directories give their group (inode(7), S_ISGID).</summary>
    internal static NewNode NewNodeIn(Inode directory, Credentials credentials, uint mode, ulong device = 0)
    {
        var gid = credentials.FsGid;
        if ((directory.Mode & StatMode.S_ISGID) != 0)
        {
            gid = directory.Gid;
            if ((mode & StatMode.S_IFMT) == StatMode.S_IFDIR)
            {
                mode |= StatMode.S_ISGID;
            }
            else if ((mode & (StatMode.S_ISGID | StatMode.S_IXGRP)) == (StatMode.S_ISGID | StatMode.S_IXGRP)
                && !credentials.InGroup(gid) && !credentials.HasOver(Capability.CAP_FSETID, directory.Uid, directory.Gid))
            {
                mode &= ~StatMode.S_ISGID;
            }
        }

        return new NewNode(mode, credentials.FsUid, gid, device);
    }
}
