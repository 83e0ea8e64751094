using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Fs.Tests;

/// <summary>Memory in an array.</summary>
internal sealed class FakeMemory : IMemoryBacking
{
    private byte[] _data = [];

    public static Result<IMemoryBacking> Create() => Result<IMemoryBacking>.Of(new FakeMemory());

    public long Allocated => _data.Length;

    public bool IsDisposed { get; private set; }

    public int ReadAt(long offset, Span<byte> destination)
    {
        var count = (int)Math.Clamp(_data.Length - offset, 0, destination.Length);
        _data.AsSpan((int)Math.Min(offset, _data.Length), count).CopyTo(destination);
        return count;
    }

    /// <summary>Where small reads went, first and last page.</summary>
    public List<(long First, long Last)> QuickReads { get; } = [];

    public bool TryReadQuick(long offset, Span<byte> destination)
    {
        // A real one is a mapping: to touch it behind the end of the file kills the process.
        if (offset + destination.Length > _data.Length)
        {
            throw new InvalidOperationException($"{destination.Length} bytes at {offset} are read of a file that has {_data.Length}");
        }

        QuickReads.Add((offset / 4096, (offset + destination.Length - 1) / 4096));
        return ReadAt(offset, destination) == destination.Length;
    }

    public int WriteAt(long offset, ReadOnlySpan<byte> source)
    {
        if (offset + source.Length > _data.Length)
        {
            Array.Resize(ref _data, (int)offset + source.Length);
        }

        source.CopyTo(_data.AsSpan((int)offset));
        return source.Length;
    }

    public int SetLength(long length)
    {
        Array.Resize(ref _data, (int)length);
        return 0;
    }

    public int Discard(long offset, long length)
    {
        _data.AsSpan((int)offset, (int)Math.Min(length, _data.Length - offset)).Clear();
        return 0;
    }

    public void Dispose() => IsDisposed = true;
}
