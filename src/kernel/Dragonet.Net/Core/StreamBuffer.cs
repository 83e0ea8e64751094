using System.Buffers;
using System.Numerics;

namespace Dragonet.Net;

/// <summary>
/// Bytes of a stream between two positions, in a ring that grows as needed; positions count from the stream's start and never wrap.
/// Bytes may be put behind a hole, which is how segments out of order wait for their predecessors (RFC 9293, section 3.10.7.4).
/// Before the ring there may be blocks: arrays of the process-wide pool that somebody gave away with what is in them.
/// </summary>
internal sealed partial class StreamBuffer(BufferBudget budget)
{
    private const int Smallest = 2048;

    private byte[] _data = [];
    private int _size; // a power of two, or 0: the ring is this much of _data
    private RangeSet? _later;

    /// <summary>The position of the first byte.</summary>
    public long Head { get; private set; }

    /// <summary>Behind the last byte before any hole.</summary>
    public long Tail { get; private set; }

    /// <summary>Bytes before any hole.</summary>
    public int Count => (int)(Tail - Head);

    /// <summary>Memory that it holds.</summary>
    public int Held => _size + _heldByBlocks;

    /// <summary>The first bytes, as far as they lie in one piece.</summary>
    public ReadOnlySpan<byte> First
    {
        get
        {
            if (HasBlocks)
            {
                return _blocks[0];
            }

            var at = (int)(Head & (_size - 1));
            return Count == 0 ? default : _data.AsSpan(at, Math.Min(Count, _size - at));
        }
    }

    /// <summary>What is behind the first hole.</summary>
    public RangeSet? Later => _later is { Count: > 0 } ? _later : null;

    /// <summary>Appends at the tail; false when there is no memory.</summary>
    public bool Append(ReadOnlySpan<byte> bytes) => Put(Tail, bytes);

    /// <summary>Puts bytes at a position at or behind the tail. False when there is no memory for them, or too many holes.</summary>
    public bool Put(long position, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return true;
        }

        var end = position + bytes.Length;
        if (!Reserve((int)(end - _ringHead)))
        {
            return false;
        }

        if (position > Tail && !(_later ??= new RangeSet()).Add(position, end, out _))
        {
            return false;
        }

        var at = (int)(position & (_size - 1));
        var first = Math.Min(bytes.Length, _size - at);
        bytes[..first].CopyTo(_data.AsSpan(at));
        bytes[first..].CopyTo(_data);
        if (position == Tail)
        {
            Tail = _later is null ? end : _later.Swallow(end);
        }

        return true;
    }

    /// <summary>Copies from a position.</summary>
    /// <returns>How many bytes.</returns>
    public int Peek(long position, Span<byte> destination)
    {
        var count = (int)Math.Min(destination.Length, Tail - position);
        if (count <= 0)
        {
            return 0;
        }

        destination = destination[..count];
        if (position < _ringHead)
        {
            var copied = PeekBlocks(position, destination);
            position += copied;
            destination = destination[copied..];
        }

        if (!destination.IsEmpty)
        {
            var at = (int)(position & (_size - 1));
            var first = Math.Min(destination.Length, _size - at);
            _data.AsSpan(at, first).CopyTo(destination);
            _data.AsSpan(0, destination.Length - first).CopyTo(destination[first..]);
        }

        return count;
    }

    /// <summary>Drops what is before a position. A larger ring that is empty then goes back.</summary>
    public void Advance(long position)
    {
        if (HasBlocks)
        {
            DropBlocks(position);
        }

        Head = position;
        Tail = Math.Max(Tail, position);
        _ringHead = Math.Max(_ringHead, position);
        if (Count == 0 && _size > Smallest && Later is null)
        {
            Free();
        }
    }

    /// <summary>Drops everything; positions stay.</summary>
    public void Clear()
    {
        DropBlocks(Tail);
        Head = _ringHead = Tail;
        _later = null;
        Free();
    }

    private void Free()
    {
        if (_size != 0)
        {
            budget.Release(_size);
            ArrayPool<byte>.Shared.Return(_data);
            _data = [];
            _size = 0;
        }
    }

    private bool Reserve(int needed)
    {
        if (needed <= _size)
        {
            return true;
        }

        var size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(needed, Smallest));
        if (size == Smallest)
        {
            budget.Charge(size);
        }
        else if (!budget.TryCharge(size - _size))
        {
            return false;
        }

        var larger = ArrayPool<byte>.Shared.Rent(size);
        CopyTo(larger, size, _ringHead, Tail);
        for (var i = 0; i < (_later?.Count ?? 0); i++)
        {
            CopyTo(larger, size, _later![i].Start, _later[i].End);
        }

        if (_size != 0)
        {
            ArrayPool<byte>.Shared.Return(_data);
        }

        _data = larger;
        _size = size;
        return true;
    }

    private void CopyTo(byte[] larger, int size, long from, long to)
    {
        while (from < to)
        {
            var source = (int)(from & (_size - 1));
            var target = (int)(from & (size - 1));
            var count = (int)Math.Min(to - from, Math.Min(_size - source, size - target));
            _data.AsSpan(source, count).CopyTo(larger.AsSpan(target));
            from += count;
        }
    }
}
