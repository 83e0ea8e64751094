using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>
/// An open regular file with a position. File systems implement the four "Data" operations; position, O_APPEND, RLIMIT_FSIZE and the
/// set-uid bits are taken care of here. Reads and writes through the same description are atomic to each other (read(2), POSIX 2.9.7).
/// </summary>
public abstract class SeekableFile : VfsFile
{
    private readonly KernelLock _lock = new(LockRank.FilePosition);
    private long _position; // guarded by _lock

    protected SeekableFile(Inode inode, VfsPath path, OpenFlags flags)
        : base(inode, path, flags)
    {
    }

    /// <inheritdoc/>
    public override bool IsSeekable => true;

    /// <summary>Where the next read or write is.</summary>
    public long Position
    {
        get
        {
            using (_lock.Enter())
            {
                return _position;
            }
        }
    }

    /// <summary>Reads; 0 at the end.</summary>
    protected abstract Result<int> ReadData(ICaller caller, Span<byte> destination, long offset);

    /// <summary>Writes at an offset, or at the end with <paramref name="append"/>.</summary>
    /// <param name="limit">No byte at or after this offset is written: EFBIG when none could be.</param>
    /// <param name="end">The offset after the last byte written.</param>
    protected abstract Result<int> WriteData(ICaller caller, ReadOnlySpan<byte> source, long offset, bool append, long limit, out long end);

    /// <summary>Size in bytes.</summary>
    protected abstract Result<long> GetSize();

    /// <summary>First byte of data at or after an offset inside the file.</summary>
    protected virtual long FindData(long offset, long size) => offset;

    /// <summary>First hole at or after an offset inside the file; the end counts as one.</summary>
    protected virtual long FindHole(long offset, long size) => size;

    /// <inheritdoc/>
    public override Result<int> Read(ICaller caller, Span<byte> destination)
    {
        if (!CanRead)
        {
            return Errno.EBADF;
        }

        using (_lock.Enter())
        {
            var result = ReadData(caller, destination, _position);
            if (result.IsOk)
            {
                _position += result.Value;
            }

            return result;
        }
    }

    /// <inheritdoc/>
    public override Result<int> ReadAt(ICaller caller, Span<byte> destination, long offset)
        => !CanRead ? Errno.EBADF : offset < 0 ? Errno.EINVAL : ReadData(caller, destination, offset);

    /// <inheritdoc/>
    public override Result<int> Write(ICaller caller, ReadOnlySpan<byte> source)
    {
        if (!CanWrite)
        {
            return Errno.EBADF;
        }

        using (_lock.Enter())
        {
            var result = WriteChecked(caller, source, _position, (Flags & OpenFlags.O_APPEND) != 0, out var end);
            if (result.IsOk && result.Value != 0)
            {
                _position = end;
            }

            return result;
        }
    }

    /// <inheritdoc/>
    public override Result<int> WriteAt(ICaller caller, ReadOnlySpan<byte> source, long offset)
        // Linux appends here, too, when O_APPEND is set (pwrite(2), BUGS).
        => !CanWrite ? Errno.EBADF : offset < 0 ? Errno.EINVAL : WriteChecked(caller, source, offset, (Flags & OpenFlags.O_APPEND) != 0, out _);

    /// <inheritdoc/>
    public override Result<int> Append(ICaller caller, ReadOnlySpan<byte> source) => Append(caller, source, out _);

    /// <summary>Writes at the end.</summary>
    /// <param name="end">The offset after the last byte written.</param>
    public Result<int> Append(ICaller caller, ReadOnlySpan<byte> source, out long end)
    {
        end = 0;
        return CanWrite ? WriteChecked(caller, source, 0, append: true, out end) : Errno.EBADF;
    }

    /// <inheritdoc/>
    public override Result<long> Seek(ICaller caller, long offset, int whence)
    {
        using (_lock.Enter())
        {
            long target;
            switch (whence)
            {
                case Abi.Seek.SEEK_SET:
                    target = offset;
                    break;
                case Abi.Seek.SEEK_CUR:
                    target = unchecked(_position + offset);
                    break;
                case Abi.Seek.SEEK_END or Abi.Seek.SEEK_DATA or Abi.Seek.SEEK_HOLE:
                    if (!GetSize().Ok(out var size, out var error))
                    {
                        return error;
                    }

                    if (whence == Abi.Seek.SEEK_END)
                    {
                        target = unchecked(size + offset);
                        break;
                    }

                    if (offset < 0 || offset >= size)
                    {
                        return Errno.ENXIO;
                    }

                    target = whence == Abi.Seek.SEEK_DATA ? FindData(offset, size) : Math.Min(FindHole(offset, size), size);
                    if (whence == Abi.Seek.SEEK_DATA && target >= size)
                    {
                        return Errno.ENXIO;
                    }

                    break;
                default:
                    return Errno.EINVAL;
            }

            if (target < 0)
            {
                return Errno.EINVAL;
            }

            return _position = target;
        }
    }

    /// <inheritdoc/>
    public override Errno Sync(bool dataOnly) => Errno.OK;

    private Result<int> WriteChecked(ICaller caller, ReadOnlySpan<byte> source, long offset, bool append, out long end)
    {
        end = offset;
        if (source.IsEmpty)
        {
            return 0;
        }

        var inode = Inode!;
        if ((inode.Mode & (StatMode.S_ISUID | StatMode.S_ISGID)) != 0)
        {
            inode.DropPrivileges(caller);
        }

        var limit = caller.FileSizeLimit;
        return WriteData(caller, source, offset, append, limit > long.MaxValue ? long.MaxValue : (long)limit, out end);
    }
}
