using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>What directories do.</summary>
public abstract partial class Inode
{
    /// <summary>Finds a name. ENOENT when there is none.</summary>
    public virtual Result<Inode> Lookup(ICaller caller, string name) => Errno.ENOTDIR;

    /// <summary>Creates a regular file.</summary>
    public virtual Result<Inode> Create(ICaller caller, string name, in NewNode node) => Errno.EACCES;

    /// <summary>Creates a directory.</summary>
    public virtual Result<Inode> MakeDirectory(ICaller caller, string name, in NewNode node) => Errno.EPERM;

    /// <summary>Creates a symbolic link.</summary>
    public virtual Result<Inode> MakeSymbolicLink(ICaller caller, string name, string target, in NewNode node) => Errno.EPERM;

    /// <summary>Creates a FIFO, socket or device node.</summary>
    public virtual Result<Inode> MakeNode(ICaller caller, string name, in NewNode node) => Errno.EPERM;

    /// <summary>Creates a regular file without a name (O_TMPFILE).</summary>
    public virtual Result<Inode> CreateTemporary(ICaller caller, in NewNode node) => Errno.EOPNOTSUPP;

    /// <summary>Gives an inode of the same file system one more name.</summary>
    public virtual Errno Link(ICaller caller, string name, Inode target) => Errno.EPERM;

    /// <summary>Removes the name of a file that is not a directory.</summary>
    public virtual Errno Unlink(ICaller caller, string name, Inode target) => Errno.EPERM;

    /// <summary>Removes an empty directory; ENOTEMPTY otherwise.</summary>
    public virtual Errno RemoveDirectory(ICaller caller, string name, Inode target) => Errno.EPERM;

    /// <summary>Renames within the file system. The VFS has checked rights, types and loops.</summary>
    /// <param name="source">The inode that is moved.</param>
    /// <param name="newDirectory">Where to; may be this directory.</param>
    /// <param name="replaced">What the new name is now, or null.</param>
    public virtual Errno Rename(ICaller caller, string name, Inode source, Inode newDirectory, string newName, Inode? replaced, RenameFlags flags) => Errno.EPERM;

    /// <summary>Offers entries from the cursor on, without "." and ".."; moves the cursor past those that were taken.</summary>
    public virtual Errno ReadDirectory(ICaller caller, DirectoryCursor cursor, IDirectorySink sink) => Errno.ENOTDIR;
}
