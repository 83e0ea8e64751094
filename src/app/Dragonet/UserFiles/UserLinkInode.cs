using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.UserFiles;

/// <summary>A symbolic link.</summary>
internal sealed class UserLinkInode(UserFileSystem owner, ulong number, UserLink link) : UserInode(owner, number, link, StatMode.S_IFLNK)
{
    private readonly string _target = ByteString.FromText(link.Target);

    /// <inheritdoc/>
    protected override long Size => _target.Length;

    /// <inheritdoc/>
    public override Result<string> ReadLink(ICaller caller) => _target;
}
