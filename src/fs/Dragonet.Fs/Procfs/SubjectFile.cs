using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Synthetic;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>A text about a process.</summary>
internal sealed class SubjectFile : TextFile, ISubjectNode
{
    private readonly Subject _subject;
    private readonly SubjectEntry _entry;

    internal SubjectFile(ProcfsFileSystem owner, Subject subject, SubjectEntry entry, ulong number)
        : base(owner, null, null, entry.Permissions, number)
    {
        _subject = subject;
        _entry = entry;
    }

    /// <inheritdoc/>
    public bool IsCurrent => _subject.Exists;

    /// <inheritdoc/>
    public override uint Uid => _subject.Uid;

    /// <inheritdoc/>
    public override uint Gid => _subject.Gid;

    /// <inheritdoc/>
    protected override long Time => Owner.Vfs.Now;

    /// <inheritdoc/>
    public override Result<OpenFile> Open(ICaller caller, VfsPath path, OpenFlags flags)
        => !_subject.Exists ? Errno.ESRCH
            : _entry.Access == SubjectAccess.Nobody || (_entry.Access == SubjectAccess.Inspectors && !_subject.MayInspect(caller)) ? Errno.EACCES
            : _entry.Writer is { } writer ? new IdMapHandle(this, _subject, writer, caller, path, flags)
            : base.Open(caller, path, flags);

    /// <inheritdoc/>
    public override Result<byte[]> GetContent(ICaller caller)
        => !_subject.Exists ? Errno.ESRCH : _entry.Read is { } read ? ByteString.ToBytes(read(_subject, caller)) : Errno.EINVAL;

    /// <inheritdoc/>
    public override Errno SetContent(ICaller caller, string text)
        => !_subject.Exists ? Errno.ESRCH : _entry.Write is { } write ? write(_subject, caller, text) : Errno.EPERM;
}
