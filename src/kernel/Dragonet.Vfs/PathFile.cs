using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>An O_PATH file: a place, nothing to read or write (open(2)).</summary>
public sealed class PathFile(Inode inode, VfsPath path, OpenFlags flags) : VfsFile(inode, path, flags)
{
    /// <inheritdoc/>
    public override Errno SetStatusFlags(OpenFlags flags) => Errno.EBADF;

    /// <inheritdoc/>
    public override PollEvents Poll(PollWait? wait) => PollEvents.POLLNVAL;
}
