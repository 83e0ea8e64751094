using System.IO;
using Dragonet.Platform;

namespace Dragonet.Templates;

/// <summary>A host file as a stream.</summary>
internal sealed class HostFileStream(IHostFile file, long length) : ReadOnlyStream(length)
{
    /// <inheritdoc/>
    protected override int ReadAt(Span<byte> buffer, long offset)
    {
        var count = file.ReadAt(offset, buffer);
        return count >= 0 ? count : throw new IOException($"read: {-count}");
    }

    /// <inheritdoc/>
    protected override void Close(bool disposing) => file.Dispose();
}
