using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Synthetic;

/// <summary>A made-up file: attributes that do not change, unless a class says otherwise.</summary>
public abstract class SyntheticInode : Inode
{
    private readonly uint _mode;

    /// <param name="owner">The file system.</param>
    /// <param name="mode">Type and permission bits.</param>
    /// <param name="number">Inode number; 0 for a new one.</param>
    protected SyntheticInode(SyntheticFileSystem owner, uint mode, ulong number = 0)
        : base(owner, number == 0 ? owner.NextNumber() : number)
    {
        Owner = owner;
        _mode = mode;
    }

    /// <summary>The file system.</summary>
    protected SyntheticFileSystem Owner { get; }

    /// <inheritdoc/>
    public override uint Mode => _mode;

    /// <inheritdoc/>
    public override uint Uid => 0;

    /// <inheritdoc/>
    public override uint Gid => 0;

    /// <summary>What st_nlink shows.</summary>
    protected virtual uint Links => IsDirectory ? 2u : 1;

    /// <summary>The times shown.</summary>
    protected virtual long Time => Owner.Created;

    /// <summary>st_size.</summary>
    protected virtual long Size => 0;

    /// <inheritdoc/>
    public override Result<InodeAttributes> GetAttributes()
    {
        var time = Time;
        return new InodeAttributes
        {
            Device = FileSystem.Device,
            Number = Number,
            Mode = Mode,
            Links = Links,
            Uid = Uid,
            Gid = Gid,
            Size = Size,
            BlockSize = IsDirectory ? 1024 : 4096,
            AccessTime = time,
            ModifyTime = time,
            ChangeTime = time,
        };
    }

    /// <summary>Truncating is how shells begin to write; anything else is refused.</summary>
    public override Errno SetAttributes(ICaller caller, in AttributeChange change) => (change.Mask & ~AttributeMask.Size) == 0 ? Errno.OK : Errno.EPERM;
}
