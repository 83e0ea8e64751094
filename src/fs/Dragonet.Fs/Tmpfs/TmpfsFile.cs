using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Memory;
using Dragonet.Vfs;

namespace Dragonet.Fs.Tmpfs;

/// <summary>An open regular file of tmpfs.</summary>
internal sealed class TmpfsFile(TmpfsRegular inode, VfsPath path, OpenFlags flags) : SeekableFile(inode, path, flags)
{
    /// <inheritdoc/>
    protected override Result<int> ReadData(ICaller caller, Span<byte> destination, long offset)
    {
        var result = inode.Data.Read(offset, destination);
        if (result.IsOk && (Flags & OpenFlags.O_NOATIME) == 0 && !Path.Mount.Has(MountFlags.MS_NOATIME))
        {
            inode.Accessed();
        }

        return result;
    }

    /// <inheritdoc/>
    protected override Result<int> WriteData(ICaller caller, ReadOnlySpan<byte> source, long offset, bool append, long limit, out long end)
        => inode.Write(source, offset, append, limit, out end);

    /// <inheritdoc/>
    protected override Result<long> GetSize() => inode.Data.Length;

    /// <inheritdoc/>
    protected override long FindData(long offset, long size) => inode.Data.FindData(offset);

    /// <inheritdoc/>
    protected override long FindHole(long offset, long size) => inode.Data.FindHole(offset);

    /// <inheritdoc/>
    public override Errno Allocate(ICaller caller, FallocFlags mode, long offset, long length) => inode.Allocate(mode, offset, length);

    /// <inheritdoc/>
    public override Result<MemoryObject> Map(ICaller caller, bool shared, bool write)
    {
        if (shared && write && inode.GetSeals() is { IsOk: true } seals && (seals.Value & (SealFlags.F_SEAL_WRITE | SealFlags.F_SEAL_FUTURE_WRITE)) != 0)
        {
            return Errno.EPERM;
        }

        var error = inode.Data.MakeMappable(shared);
        return error == Errno.OK ? inode.Data : error;
    }
}
