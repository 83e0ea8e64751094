using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>A pipe, socket or other object without a path, as a link in /proc/PID/fd leads to it. Lives for one walk.</summary>
internal sealed class ObjectInode : Inode
{
    private readonly OpenFile _file;
    private readonly InodeAttributes _attributes;

    internal ObjectInode(ProcfsFileSystem owner, OpenFile file)
        : this(owner, file, file.GetAttributes().Ok(out var attributes) ? attributes : default)
    {
    }

    private ObjectInode(ProcfsFileSystem owner, OpenFile file, InodeAttributes attributes)
        : base(owner, attributes.Number)
    {
        _file = file;
        _attributes = attributes;
    }

    /// <inheritdoc/>
    public override uint Mode => _attributes.Mode;

    /// <inheritdoc/>
    public override uint Uid => _attributes.Uid;

    /// <inheritdoc/>
    public override uint Gid => _attributes.Gid;

    /// <inheritdoc/>
    public override ulong RawDevice => _attributes.RawDevice;

    /// <inheritdoc/>
    public override bool OpensItself => true;

    /// <inheritdoc/>
    public override Result<InodeAttributes> GetAttributes() => _attributes;

    /// <summary>Who holds a descriptor may open the object again with the same rights at least.</summary>
    public override Errno CheckAccess(Credentials credentials, Access access) => Errno.OK;

    /// <inheritdoc/>
    public override Result<OpenFile> Open(ICaller caller, VfsPath path, OpenFlags flags) => _file.Reopen(caller, flags);
}
