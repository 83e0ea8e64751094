using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Synthetic;

/// <summary>A symbolic link whose text is made when it is read.</summary>
public sealed class LinkInode(SyntheticFileSystem owner, Func<ICaller, Result<string>> target, ulong number = 0)
    : SyntheticInode(owner, StatMode.S_IFLNK | StatMode.S_IRWXUGO, number)
{
    /// <inheritdoc/>
    public override Result<string> ReadLink(ICaller caller) => target(caller);
}
