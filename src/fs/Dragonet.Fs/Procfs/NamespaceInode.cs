using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Synthetic;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>What a link of /proc/PID/ns leads to: opened, it keeps the namespace (setns(2), ioctl_ns(2)). Lives for one walk.</summary>
internal sealed class NamespaceInode(ProcfsFileSystem owner, Subject subject, CloneFlags kind)
    : SyntheticInode(owner, StatMode.S_IFREG | 0x124, NamespaceFile.IdOf(subject.Task, kind))
{
    /// <inheritdoc/>
    public override bool OpensItself => true;

    /// <inheritdoc/>
    public override Result<OpenFile> Open(ICaller caller, VfsPath path, OpenFlags flags)
        => (flags & OpenFlags.O_ACCMODE) != OpenFlags.O_RDONLY ? Errno.EPERM : NamespaceFile.Open(subject.Task, kind, flags);
}
