namespace Dragonet.Platform;

/// <summary>Memory that can be mapped into guest address spaces: a memory file, or a file of the host. Made by the platform.</summary>
public interface IMemoryBacking : IDisposable
{
    /// <summary>Reads at an offset; returns the bytes read, short at the end of the data.</summary>
    int ReadAt(long offset, Span<byte> destination);

    /// <summary>The same for a small range that is read often, without asking the host, where the platform can. Thread-safe.</summary>
    /// <param name="offset">In bytes.</param>
    /// <param name="destination">Filled as a whole. The caller sees to it that the range is there, and stays there meanwhile: before the end, and
    /// no hole, which this would fill.</param>
    /// <returns>False when it cannot be done: <see cref="ReadAt"/> can.</returns>
    bool TryReadQuick(long offset, Span<byte> destination) => false;

    /// <summary>Writes at an offset, growing the object as needed.</summary>
    /// <returns>The bytes written, or a negative errno.</returns>
    int WriteAt(long offset, ReadOnlySpan<byte> source);

    /// <summary>Sets the size in bytes.</summary>
    /// <returns>0 or a negative errno.</returns>
    int SetLength(long length);

    /// <summary>Frees the pages of a range (fallocate punch hole); it reads as zeros afterwards.</summary>
    /// <returns>0 or a negative errno.</returns>
    int Discard(long offset, long length);

    /// <summary>Bytes really in use.</summary>
    long Allocated { get; }
}
