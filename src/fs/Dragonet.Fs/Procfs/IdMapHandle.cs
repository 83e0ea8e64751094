using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Synthetic;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>An open uid_map, gid_map or setgroups: remembers who opened it, since his rights count (a privileged program may be made to write
/// to a descriptor that it got), and takes one write, at the beginning.</summary>
internal sealed class IdMapHandle(
    SubjectFile inode, Subject subject, Func<Subject, Credentials, ICaller, string, Errno> writer, ICaller opener, VfsPath path, OpenFlags flags)
    : TextFileHandle(inode, path, flags)
{
    private readonly Credentials _opener = opener.Credentials;

    /// <inheritdoc/>
    protected override Errno Store(ICaller caller, ReadOnlySpan<byte> source, long offset)
        => !CanWrite ? Errno.EBADF : offset != 0 ? Errno.EINVAL : !subject.Exists ? Errno.ESRCH : writer(subject, _opener, caller, ByteString.FromBytes(source));
}
