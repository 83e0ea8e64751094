using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Synthetic;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc/PID/fd/N: leads to the place of the open file, or to the object itself when it has none.</summary>
internal sealed class DescriptorLink(ProcfsFileSystem owner, Subject subject, int fd, ulong number)
    : SyntheticInode(owner, StatMode.S_IFLNK, number), ISubjectNode
{
    /// <inheritdoc/>
    public bool IsCurrent => subject.Exists && subject.Task.Files.GetAny(fd).IsOk;

    /// <summary>The owner's bits show how the file is open.</summary>
    public override uint Mode
    {
        get
        {
            if (!subject.Task.Files.GetAny(fd).Ok(out var file))
            {
                return base.Mode;
            }

            return base.Mode | 0x40 | (file.CanRead ? 0x100u : 0) | (file.CanWrite ? 0x80u : 0);
        }
    }

    /// <inheritdoc/>
    public override uint Uid => subject.Uid;

    /// <inheritdoc/>
    public override uint Gid => subject.Gid;

    /// <inheritdoc/>
    protected override long Size => 64;

    /// <inheritdoc/>
    public override bool IsMagicLink => true;

    /// <inheritdoc/>
    public override Result<VfsPath> Jump(ICaller caller)
    {
        if (!Find(caller).Ok(out var file, out var error))
        {
            return error;
        }

        return file.Path ?? new VfsPath(owner.Objects, Dentry.CreateDetached(new ObjectInode(owner, file), file.Description));
    }

    /// <inheritdoc/>
    public override Result<string> ReadLink(ICaller caller)
    {
        if (!Find(caller).Ok(out var file, out var error))
        {
            return error;
        }

        return file.Path is { } place ? VirtualFileSystem.GetPath(place, SubjectLink.RootOf(caller, subject)) : file.Description;
    }

    private Result<OpenFile> Find(ICaller caller)
    {
        if (!subject.Exists)
        {
            return Errno.ENOENT;
        }

        if (!subject.MayInspect(caller))
        {
            return Errno.EACCES;
        }

        return subject.Task.Files.GetAny(fd).Ok(out var file) ? file : Errno.ENOENT;
    }
}
