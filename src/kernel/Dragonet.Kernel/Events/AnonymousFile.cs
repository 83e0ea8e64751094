using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>A file that has no name in any file system: eventfd, timerfd, epoll … (/proc/PID/fd shows "anon_inode:[kind]").</summary>
/// <param name="kind">What it is, as /proc shows it.</param>
/// <param name="flags">Access mode and status flags.</param>
public abstract class AnonymousFile(string kind, OpenFlags flags) : OpenFile(flags)
{
    /// <inheritdoc/>
    public override string Description => "anon_inode:[" + kind + "]";

    /// <summary>There is no position to move; that is no error (noop_llseek).</summary>
    public override Result<long> Seek(ICaller caller, long offset, int whence) => 0;

    /// <inheritdoc/>
    public override Result<InodeAttributes> GetAttributes() =>
        new InodeAttributes { Device = 0xf, Number = 1, Mode = 0x180, Links = 1, BlockSize = 4096 };
}
