using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Synthetic;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Fs.Procfs;

/// <summary>cwd, root and exe: a link to a place, whatever its name is now.</summary>
internal sealed class SubjectLink(ProcfsFileSystem owner, Subject subject, Func<Subject, VfsPath?> target, ulong number)
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

    /// <inheritdoc/>
    public override Result<VfsPath> Jump(ICaller caller)
        => !subject.Exists ? Errno.ENOENT : !subject.MayInspect(caller) ? Errno.EACCES : subject.Process.IsZombie || target(subject) is not { } place ? Errno.ENOENT : place;

    /// <inheritdoc/>
    public override Result<string> ReadLink(ICaller caller)
        => Jump(caller).Ok(out var place, out var error) ? VirtualFileSystem.GetPath(place, RootOf(caller, subject)) : error;

    /// <summary>The root that paths are shown from.</summary>
    internal static VfsPath RootOf(ICaller caller, Subject subject) => caller is Task task ? task.Fs.Root : subject.Kernel.Mounts.Root;
}
