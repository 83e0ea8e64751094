using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>
/// A file of a file system, whatever its names (vnode). File systems override what they support; the defaults answer what Linux
/// answers for a file system without the feature. Names are single components, checked and allowed by the VFS.
/// Thread-safe: an implementation guards itself with locks of rank Inode or above.
/// </summary>
public abstract partial class Inode
{
    private object? _attachment;
    private FileLocks? _locks;
    private WatchList? _watches;
    private int _opens;
    private int _writers;
    private int _runners;

    protected Inode(FileSystem fileSystem, ulong number)
    {
        FileSystem = fileSystem;
        Number = number;
    }

    /// <summary>The file system it is in.</summary>
    public FileSystem FileSystem { get; }

    /// <summary>st_ino.</summary>
    public ulong Number { get; }

    /// <summary>Type and permission bits; cheap.</summary>
    public abstract uint Mode { get; }

    /// <summary>Owner; cheap.</summary>
    public abstract uint Uid { get; }

    /// <summary>Group; cheap.</summary>
    public abstract uint Gid { get; }

    /// <summary>S_IFMT bits.</summary>
    public uint Type => Mode & StatMode.S_IFMT;

    public bool IsDirectory => Type == StatMode.S_IFDIR;

    public bool IsRegular => Type == StatMode.S_IFREG;

    public bool IsSymbolicLink => Type == StatMode.S_IFLNK;

    /// <summary>Device number of a device node.</summary>
    public virtual ulong RawDevice => 0;

    /// <summary>A snapshot of its attributes.</summary>
    public abstract Result<InodeAttributes> GetAttributes();

    /// <summary>Applies a change that is allowed already.</summary>
    public virtual Errno SetAttributes(ICaller caller, in AttributeChange change) => Errno.EPERM;

    /// <summary>Reads a symbolic link. EINVAL for other files.</summary>
    public virtual Result<string> ReadLink(ICaller caller) => Errno.EINVAL;

    /// <summary>True for links of procfs that lead to an object and not to a name.</summary>
    public virtual bool IsMagicLink => false;

    /// <summary>Where a magic link leads.</summary>
    public virtual Result<VfsPath> Jump(ICaller caller) => Errno.ENOENT;

    /// <summary>True when <see cref="Open"/> is to be asked whatever the type is: the object behind a magic link that has no path.</summary>
    public virtual bool OpensItself => false;

    /// <summary>Opens a regular file or a directory; access was checked. Other types are opened by their registries. ESTALE when the file is gone
    /// already: its path is then looked up again.</summary>
    public virtual Result<OpenFile> Open(ICaller caller, VfsPath path, OpenFlags flags)
        => IsDirectory ? new DirectoryFile(this, path, flags) : Errno.EINVAL;

    /// <summary>Rights of a caller. EACCES when one is missing (path_resolution(7), "Permissions").</summary>
    public virtual Errno CheckAccess(Credentials credentials, Access access) => Permissions.Check(this, credentials, access);

    /// <summary>A symbolic value of an extended attribute. ENODATA when there is none, EOPNOTSUPP without support.</summary>
    public virtual Result<byte[]> GetXattr(string name) => Errno.EOPNOTSUPP;

    /// <summary>Sets an extended attribute.</summary>
    /// <param name="flags">XATTR_CREATE or XATTR_REPLACE.</param>
    public virtual Errno SetXattr(string name, byte[] value, int flags) => Errno.EOPNOTSUPP;

    /// <summary>Removes an extended attribute.</summary>
    public virtual Errno RemoveXattr(string name) => Errno.EOPNOTSUPP;

    /// <summary>Names of the extended attributes.</summary>
    public virtual Result<IReadOnlyList<string>> ListXattr() => (string[])[];

    /// <summary>The seals of a memory file (fcntl(2) F_GET_SEALS); EINVAL for others.</summary>
    public virtual Result<SealFlags> GetSeals() => Errno.EINVAL;

    /// <summary>Adds seals.</summary>
    public virtual Errno AddSeals(SealFlags seals) => Errno.EINVAL;

    /// <summary>Where FIFO and socket code keeps its object for this inode.</summary>
    public object? Attachment
    {
        get => Volatile.Read(ref _attachment);
        set => Volatile.Write(ref _attachment, value);
    }

    /// <summary>The attachment, made at first use. Atomic: every caller gets the same object.</summary>
    public T GetOrAttach<T>(Func<T> create)
        where T : class
    {
        if (Volatile.Read(ref _attachment) is T found)
        {
            return found;
        }

        var made = create();
        return Interlocked.CompareExchange(ref _attachment, made, null) is T other ? other : made;
    }

    /// <summary>Record and flock locks; made at first use.</summary>
    public FileLocks Locks => Volatile.Read(ref _locks) ?? Interlocked.CompareExchange(ref _locks, new FileLocks(FileSystem.Vfs.LockWaits), null) ?? _locks!;

    /// <summary>The locks if there ever was one.</summary>
    internal FileLocks? LocksOrNull => Volatile.Read(ref _locks);

    /// <summary>inotify watches; made at first use.</summary>
    internal WatchList Watches => Volatile.Read(ref _watches) ?? Interlocked.CompareExchange(ref _watches, new WatchList(), null) ?? _watches!;

    /// <summary>The watches if there ever was one.</summary>
    internal WatchList? WatchesOrNull => Volatile.Read(ref _watches);

    /// <summary>Opens for writing counted by <see cref="TryAddWriter"/>.</summary>
    public bool HasWriters => Volatile.Read(ref _writers) > 0;

    /// <summary>A file is opened for writing; false when it is the program of a process (ETXTBSY, open(2)).</summary>
    public bool TryAddWriter()
    {
        _ = Interlocked.Increment(ref _writers);
        if (Volatile.Read(ref _runners) == 0)
        {
            return true;
        }

        DropWriter();
        return false;
    }

    public void DropWriter() => _ = Interlocked.Decrement(ref _writers);

    /// <summary>A process runs it: nobody may open it for writing (ETXTBSY, execve(2)).</summary>
    public void AddRunner() => _ = Interlocked.Increment(ref _runners);

    public void DropRunner() => _ = Interlocked.Decrement(ref _runners);

    /// <summary>Number of open file descriptions.</summary>
    public int OpenCount => Volatile.Read(ref _opens);

    internal void AddOpen() => _ = Interlocked.Increment(ref _opens);

    internal void DropOpen()
    {
        if (Interlocked.Decrement(ref _opens) == 0)
        {
            TellIfGone();
            OnUnused();
        }
    }

    /// <summary>Tells watches that the file itself is gone: without a name and not open (inotify(7), IN_DELETE_SELF).</summary>
    internal void TellIfGone()
    {
        if (WatchesOrNull is not null && (IsDirectory || OpenCount == 0) && GetAttributes() is { IsOk: true, Value.Links: 0 })
        {
            FileSystem.Vfs.Notify.Self(this, InotifyMask.IN_DELETE_SELF);
        }
    }

    /// <summary>A write takes the set-uid and set-gid bits away (inode(7)), unless the writer has CAP_FSETID.</summary>
    public void DropPrivileges(ICaller caller)
    {
        var mode = Mode;
        var drop = StatMode.S_ISUID | ((mode & StatMode.S_IXGRP) != 0 ? StatMode.S_ISGID : 0);
        if ((mode & drop) != 0 && IsRegular && !caller.Credentials.HasOver(Capability.CAP_FSETID, Uid, Gid))
        {
            _ = SetAttributes(caller, new AttributeChange { Mask = AttributeMask.Mode, Mode = mode & StatMode.S_IALLUGO & ~drop });
        }
    }

    /// <summary>The last open file description is gone: an unlinked file may free its data. May run more than once.</summary>
    protected virtual void OnUnused()
    {
    }
}
