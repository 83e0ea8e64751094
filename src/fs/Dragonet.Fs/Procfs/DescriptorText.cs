using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Synthetic;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc/PID/fdinfo/N.</summary>
internal sealed class DescriptorText(ProcfsFileSystem owner, Subject subject, int fd, ulong number)
    : TextFile(owner, null, null, 0x124, number), ISubjectNode
{
    /// <inheritdoc/>
    public bool IsCurrent => subject.Exists && subject.Task.Files.GetAny(fd).IsOk;

    /// <inheritdoc/>
    public override uint Uid => subject.Uid;

    /// <inheritdoc/>
    public override uint Gid => subject.Gid;

    /// <inheritdoc/>
    public override Result<byte[]> GetContent(ICaller caller)
    {
        var files = subject.Task.Files;
        if (!files.GetAny(fd).Ok(out var file))
        {
            return Errno.ENOENT;
        }

        var position = file.IsSeekable && file.Seek(caller, 0, Seek.SEEK_CUR).Ok(out var at) ? at : 0;
        var flags = file.Flags & ~OpenFlags.O_CLOEXEC;
        if (files.GetCloseOnExec(fd).Ok(out var close) && close)
        {
            flags |= OpenFlags.O_CLOEXEC;
        }

        if (file.Path is { } path && !path.Inode.IsDirectory)
        {
            flags |= OpenFlags.O_LARGEFILE;
        }

        var octal = Convert.ToString((int)flags, 8);
        var inode = file.GetAttributes().Ok(out var attributes) ? attributes.Number : 0;
        var mount = file.Path?.Mount.Id ?? owner.Objects.Id;
        return ByteString.ToBytes($"pos:\t{position}\nflags:\t0{octal}\nmnt_id:\t{mount}\nino:\t{inode}\n" + file.FdInfo);
    }
}
