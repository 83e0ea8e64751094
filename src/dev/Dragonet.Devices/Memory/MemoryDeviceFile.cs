using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Devices.Memory;

/// <summary>What the memory devices share: a position that does not matter, writes that are swallowed.</summary>
internal abstract class MemoryDeviceFile(VfsPath path, OpenFlags flags) : VfsFile(path.Inode, path, flags)
{
    /// <inheritdoc/>
    public override bool IsSeekable => true;

    /// <inheritdoc/>
    public override Result<int> Read(ICaller caller, Span<byte> destination) => 0;

    /// <inheritdoc/>
    public override Result<int> ReadAt(ICaller caller, Span<byte> destination, long offset) => Read(caller, destination);

    /// <inheritdoc/>
    public override Result<int> Write(ICaller caller, ReadOnlySpan<byte> source) => source.Length;

    /// <inheritdoc/>
    public override Result<int> WriteAt(ICaller caller, ReadOnlySpan<byte> source, long offset) => Write(caller, source);

    /// <inheritdoc/>
    public override Result<long> Seek(ICaller caller, long offset, int whence) => 0;
}
