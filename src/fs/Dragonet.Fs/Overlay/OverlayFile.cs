using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Memory;
using Dragonet.Vfs;

namespace Dragonet.Fs.Overlay;

/// <summary>An open file of an overlay. One that was opened for reading before the file was copied up goes on with the copy.</summary>
internal sealed class OverlayFile(OverlayInode inode, VfsPath path, OpenFlags flags, OpenFile file, Inode real) : SeekableFile(inode, path, flags)
{
    private readonly Lock _lock = new();
    private volatile OpenFile _file = file;
    private volatile Inode _real = real;
    private OpenFile? _before; // the lower file that was replaced: a transfer may still use it

    /// <inheritdoc/>
    protected override Result<int> ReadData(ICaller caller, Span<byte> destination, long offset) => Current().ReadAt(caller, destination, offset);

    /// <inheritdoc/>
    protected override Result<int> WriteData(ICaller caller, ReadOnlySpan<byte> source, long offset, bool append, long limit, out long end)
    {
        var target = Current();
        if (!append)
        {
            var result = target.WriteAt(caller, source, offset);
            end = offset + (result.IsOk ? result.Value : 0);
            return result;
        }

        end = offset;
        return target is SeekableFile seekable ? seekable.Append(caller, source, out end) : target.Append(caller, source);
    }

    /// <inheritdoc/>
    protected override Result<long> GetSize() => inode.Real.GetAttributes().Ok(out var attributes, out var error) ? attributes.Size : error;

    /// <inheritdoc/>
    protected override long FindData(long offset, long size) => Current().Seek(OverlayCaller.Instance, offset, Abi.Seek.SEEK_DATA).Ok(out var found) ? found : size;

    /// <inheritdoc/>
    protected override long FindHole(long offset, long size) => Current().Seek(OverlayCaller.Instance, offset, Abi.Seek.SEEK_HOLE).Ok(out var found) ? found : size;

    /// <inheritdoc/>
    public override Errno SetStatusFlags(OpenFlags flags)
    {
        var error = Current().SetStatusFlags(flags);
        return error == Errno.OK ? base.SetStatusFlags(flags) : error;
    }

    /// <inheritdoc/>
    public override Errno Sync(bool dataOnly) => Current().Sync(dataOnly);

    /// <inheritdoc/>
    public override Errno Allocate(ICaller caller, FallocFlags mode, long offset, long length) => Current().Allocate(caller, mode, offset, length);

    /// <inheritdoc/>
    public override Result<MemoryObject> Map(ICaller caller, bool shared, bool write) => Current().Map(caller, shared, write);

    /// <inheritdoc/>
    protected override void OnRelease()
    {
        base.OnRelease();
        _file.Release();
        _before?.Release();
    }

    private OpenFile Current()
    {
        if (ReferenceEquals(_real, inode.Real))
        {
            return _file;
        }

        lock (_lock)
        {
            if (!ReferenceEquals(_real, inode.Real) && inode.OpenReal(OverlayCaller.Instance, Flags, out var real).Ok(out var opened))
            {
                _before = _file;
                _file = opened;
                _real = real;
            }

            return _file;
        }
    }
}
