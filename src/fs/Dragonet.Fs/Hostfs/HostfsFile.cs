using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Memory;
using Dragonet.Vfs;

namespace Dragonet.Fs.Hostfs;

/// <summary>An open regular file of the host: a read is one pread on the host.</summary>
internal sealed class HostfsFile(HostfsRegular inode, VfsPath path, OpenFlags flags, SharedHandle handle) : SeekableFile(inode, path, flags)
{
    private readonly KernelLock _append = new(LockRank.Inode);
    private HostfsMemory? _memory;

    /// <inheritdoc/>
    protected override Result<int> ReadData(ICaller caller, Span<byte> destination, long offset)
    {
        var result = handle.File.ReadAt(offset, destination);
        return result < 0 ? (Errno)(-result) : result;
    }

    /// <inheritdoc/>
    protected override Result<int> WriteData(ICaller caller, ReadOnlySpan<byte> source, long offset, bool append, long limit, out long end)
    {
        end = offset;
        if (!append)
        {
            return Write(source, offset, limit, out end);
        }

        // The descriptor was opened with O_APPEND, or F_SETFL asked for it later; in both cases the end is where it is now.
        using (_append.Enter())
        {
            var error = handle.File.GetAttributes(out var attributes);
            return error == Errno.OK ? Write(source, attributes.Size, limit, out end) : error;
        }
    }

    /// <inheritdoc/>
    protected override Result<long> GetSize() => inode.GetAttributes().Ok(out var attributes, out var error) ? attributes.Size : error;

    /// <inheritdoc/>
    protected override long FindData(long offset, long size) => handle.File.Find(offset, hole: false) is >= 0 and var found ? found : size;

    /// <inheritdoc/>
    protected override long FindHole(long offset, long size) => handle.File.Find(offset, hole: true) is >= 0 and var found ? found : size;

    /// <inheritdoc/>
    public override Errno Sync(bool dataOnly) => handle.File.Sync(dataOnly);

    /// <inheritdoc/>
    public override Errno Allocate(ICaller caller, FallocFlags mode, long offset, long length)
    {
        inode.Invalidate();
        return handle.File.Allocate(mode, offset, length);
    }

    /// <inheritdoc/>
    public override Result<MemoryObject> Map(ICaller caller, bool shared, bool write)
    {
        if (write)
        {
            inode.Invalidate();
        }

        return _memory ??= new HostfsMemory(handle.File);
    }

    /// <inheritdoc/>
    protected override void OnRelease()
    {
        base.OnRelease();
        handle.Release();
    }

    private Result<int> Write(ReadOnlySpan<byte> source, long offset, long limit, out long end)
    {
        end = offset;
        if (offset >= limit)
        {
            return Errno.EFBIG;
        }

        source = source[..(int)Math.Min(source.Length, limit - offset)];
        var result = handle.File.WriteAt(offset, source);
        inode.Invalidate();
        if (result < 0)
        {
            return (Errno)(-result);
        }

        end = offset + result;
        return result;
    }
}
