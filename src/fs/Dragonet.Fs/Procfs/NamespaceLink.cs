using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Synthetic;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>A link of /proc/PID/ns: "pid:[4026531836]". Two processes are in the same namespace when the inodes behind are the same.</summary>
internal sealed class NamespaceLink(ProcfsFileSystem owner, Subject subject, CloneFlags kind, ulong number)
    : SyntheticInode(owner, StatMode.S_IFLNK | StatMode.S_IRWXUGO, number), ISubjectNode
{
    /// <inheritdoc/>
    public bool IsCurrent => subject.Exists;

    /// <inheritdoc/>
    public override uint Uid => subject.Uid;

    /// <inheritdoc/>
    public override uint Gid => subject.Gid;

    /// <inheritdoc/>
    public override bool IsMagicLink => true;

    private string Text => $"{NamespaceFile.NameOf(kind)}:[{NamespaceFile.IdOf(subject.Task, kind)}]";

    /// <inheritdoc/>
    public override Result<string> ReadLink(ICaller caller) => subject.MayInspect(caller) ? Text : Errno.EACCES;

    /// <inheritdoc/>
    public override Result<VfsPath> Jump(ICaller caller)
        => subject.MayInspect(caller)
            ? new VfsPath(owner.Objects, Dentry.CreateDetached(new NamespaceInode(owner, subject, kind), Text))
            : Errno.EACCES;
}
