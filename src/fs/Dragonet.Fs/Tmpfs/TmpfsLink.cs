using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Tmpfs;

/// <summary>A symbolic link.</summary>
internal sealed class TmpfsLink : TmpfsInode
{
    private readonly string _target;

    internal TmpfsLink(TmpfsFileSystem owner, in NewNode node, string target)
        : base(owner, node) => _target = target;

    private TmpfsLink(TmpfsFileSystem owner, TmpfsLink original)
        : base(owner, original) => _target = original._target;

    /// <inheritdoc/>
    internal override long Size => _target.Length;

    /// <inheritdoc/>
    public override Result<string> ReadLink(ICaller caller) => _target;

    /// <inheritdoc/>
    internal override Result<TmpfsInode> CopyLocked(TmpfsFileSystem owner) => new TmpfsLink(owner, this);
}
