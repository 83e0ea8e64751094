namespace Dragonet.Base;

/// <summary>
/// A first-in first-out buffer of bytes that grows as needed and wraps around. Not thread-safe: its owner's lock guards it, and its
/// owner says how much may be in it.
/// </summary>
public sealed class ByteRing
{
    private byte[] _data = [];
    private int _head;

    /// <summary>Bytes in it.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of memory that it holds.</summary>
    public int Held => _data.Length;

    /// <summary>Bytes of memory that it will hold when so many more are in it.</summary>
    public int HeldWith(int more) => Math.Max(_data.Length, SizeFor(Count + more));

    /// <summary>Appends all bytes.</summary>
    public void Write(ReadOnlySpan<byte> source)
    {
        Reserve(source.Length);
        var tail = (_head + Count) & (_data.Length - 1);
        var first = Math.Min(source.Length, _data.Length - tail);
        source[..first].CopyTo(_data.AsSpan(tail));
        source[first..].CopyTo(_data);
        Count += source.Length;
    }

    /// <summary>Takes bytes from the front.</summary>
    /// <returns>How many.</returns>
    public int Read(Span<byte> destination)
    {
        var count = Peek(destination);
        Skip(count);
        return count;
    }

    /// <summary>Copies bytes without taking them.</summary>
    /// <param name="destination">Receives them.</param>
    /// <param name="offset">How many bytes at the front to leave out.</param>
    public int Peek(Span<byte> destination, int offset = 0)
    {
        var count = Math.Min(destination.Length, Count - offset);
        if (count <= 0)
        {
            return 0;
        }

        var start = (_head + offset) & (_data.Length - 1);
        var first = Math.Min(count, _data.Length - start);
        _data.AsSpan(start, first).CopyTo(destination);
        _data.AsSpan(0, count - first).CopyTo(destination[first..]);
        return count;
    }

    /// <summary>Drops bytes at the front.</summary>
    public void Skip(int count)
    {
        Count -= count;
        _head = Count == 0 ? 0 : (_head + count) & (_data.Length - 1);
    }

    /// <summary>Puts bytes back at the front: the next read gets them first.</summary>
    public void Unread(ReadOnlySpan<byte> source)
    {
        if (source.IsEmpty)
        {
            return;
        }

        Reserve(source.Length);
        _head = (_head - source.Length) & (_data.Length - 1);
        var first = Math.Min(source.Length, _data.Length - _head);
        source[..first].CopyTo(_data.AsSpan(_head));
        source[first..].CopyTo(_data);
        Count += source.Length;
    }

    /// <summary>Drops everything and gives the memory back.</summary>
    public void Clear()
    {
        _data = [];
        _head = 0;
        Count = 0;
    }

    private void Reserve(int more)
    {
        var needed = Count + more;
        if (needed <= _data.Length)
        {
            return;
        }

        var larger = new byte[SizeFor(needed)];
        _ = Peek(larger);
        _data = larger;
        _head = 0;
    }

    private static int SizeFor(int bytes) => (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(bytes, 512));
}
