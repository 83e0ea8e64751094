using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Memory;
using Dragonet.Vfs;

namespace Dragonet.UserFiles;

/// <summary>An open file: data goes through a buffer, because the user's code runs in a delegate.</summary>
internal sealed class UserOpenFile(UserFileInode inode, VfsPath path, OpenFlags flags) : SeekableFile(inode, path, flags)
{
    private readonly Lock _lock = new();
    private Snapshot? _mapped; // guarded by _lock

    /// <inheritdoc/>
    protected override Result<int> ReadData(ICaller caller, Span<byte> destination, long offset)
    {
        var buffer = new byte[destination.Length];
        var read = inode.Owner.Ask(() => inode.File.Read(offset, buffer));
        if (read.IsOk)
        {
            if (read.Value < 0 || read.Value > buffer.Length)
            {
                return Errno.EIO; // the answer of a broken Read
            }

            buffer.AsSpan(0, read.Value).CopyTo(destination);
        }

        return read;
    }

    /// <inheritdoc/>
    protected override Result<int> WriteData(ICaller caller, ReadOnlySpan<byte> source, long offset, bool append, long limit, out long end)
    {
        var buffer = source.ToArray();
        var written = inode.Owner.Ask(() =>
        {
            if (!append)
            {
                return WriteAt(buffer, offset, limit);
            }

            lock (inode.Appending)
            {
                return WriteAt(buffer, inode.File.Length, limit);
            }
        });
        end = written.IsOk ? written.Value.End : offset;
        return written.Ok(out var done, out var error) ? done.Count : error;
    }

    /// <inheritdoc/>
    protected override Result<long> GetSize() => inode.Owner.Ask(() => inode.File.Length);

    /// <inheritdoc/>
    public override Errno Sync(bool dataOnly) => inode.Owner.Do(inode.File.Flush);

    /// <summary>A mapping shows the file as it was when this description was first mapped; one that would write back is ENODEV (mmap(2)).</summary>
    public override Result<MemoryObject> Map(ICaller caller, bool shared, bool write)
    {
        if (shared && write)
        {
            return Errno.ENODEV;
        }

        lock (_lock)
        {
            if (_mapped is null && !Snapshot.Take(inode).Ok(out _mapped, out var error))
            {
                return error;
            }

            return _mapped;
        }
    }

    /// <inheritdoc/>
    protected override void OnRelease()
    {
        base.OnRelease();
        lock (_lock)
        {
            _mapped?.Dispose();
            _mapped = null;
        }
    }

    private (long End, int Count) WriteAt(byte[] buffer, long offset, long limit)
    {
        if (offset >= limit)
        {
            throw new UserFileException(Errno.EFBIG);
        }

        var count = (int)Math.Min(buffer.Length, limit - offset);
        inode.File.Write(offset, buffer.AsSpan(0, count));
        return (offset + count, count);
    }
}
