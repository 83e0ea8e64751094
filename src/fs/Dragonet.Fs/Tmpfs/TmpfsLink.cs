using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Tmpfs;

/// <summary>A symbolic link.</summary>
internal sealed class TmpfsLink(TmpfsFileSystem owner, in NewNode node, string target) : TmpfsInode(owner, node)
{
    /// <inheritdoc/>
    internal override long Size => target.Length;

    /// <inheritdoc/>
    public override Result<string> ReadLink(ICaller caller) => target;
}
