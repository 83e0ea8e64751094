using Dragonet.Abi;

namespace Dragonet.Vfs;

/// <summary>An open file that was found by a path: keeps its mount busy, its inode open, its locks until it is gone.</summary>
public abstract class VfsFile : OpenFile
{
    private readonly Inode _inode;
    private Inode? _written;

    /// <param name="inode">The inode that does the work; a stacked file system passes its own path with an inode below it.</param>
    protected VfsFile(Inode inode, VfsPath path, OpenFlags flags)
        : base(flags)
    {
        _inode = inode;
        Path = path;
        inode.AddOpen();
        path.Mount.AddUser(CanWrite);
    }

    /// <inheritdoc/>
    public override VfsPath Path { get; }

    /// <inheritdoc/>
    public override Inode? Inode => Path.Dentry.Inode ?? _inode;

    /// <summary>It counts as a writer of this inode, which nobody may execute meanwhile, until it is released.</summary>
    internal void HoldWriter(Inode inode) => _written = inode;

    /// <inheritdoc/>
    public override void OnClose(object owner)
    {
        Inode!.LocksOrNull?.RemoveOwner(owner);
    }

    /// <inheritdoc/>
    protected override void OnRelease()
    {
        Inode!.LocksOrNull?.RemoveOwner(this);
        if ((Flags & OpenFlags.O_PATH) == 0)
        {
            _inode.FileSystem.Vfs.Notify.File(Path.Dentry, CanWrite ? InotifyMask.IN_CLOSE_WRITE : InotifyMask.IN_CLOSE_NOWRITE);
        }

        _written?.DropWriter();
        Path.Mount.DropUser(CanWrite);
        _inode.DropOpen();
    }
}
