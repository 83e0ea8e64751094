using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Devices.Memory;

/// <summary>/dev/zero and /dev/full: zeros without end; /dev/full has no room (full(4)).</summary>
internal sealed class ZeroFile(VfsPath path, OpenFlags flags, bool full) : MemoryDeviceFile(path, flags)
{
    /// <inheritdoc/>
    public override bool MapsAnonymous => !full;

    /// <inheritdoc/>
    public override Result<int> Read(ICaller caller, Span<byte> destination)
    {
        destination.Clear();
        return destination.Length;
    }

    /// <inheritdoc/>
    public override Result<int> Write(ICaller caller, ReadOnlySpan<byte> source) => full && !source.IsEmpty ? Errno.ENOSPC : source.Length;
}
