using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Dragonet.Net;

/// <summary>What comes in large pieces is not copied: the array in which it came is kept, and whoever takes all of it gets the array.</summary>
internal sealed partial class StreamBuffer
{
    /// <summary>So little of the ring is copied once more, to be a block before another one.</summary>
    private const int LittleInRing = 16 * 1024;

    private List<ArraySegment<byte>>? _blocks;
    private int _heldByBlocks;
    private long _ringHead; // where the ring begins: what is before that is in blocks

    [MemberNotNullWhen(true, nameof(_blocks))]
    private bool HasBlocks => _blocks is { Count: > 0 };

    /// <summary>Appends a part of an array of <see cref="ArrayPool{T}.Shared"/>, which then is not the caller's any more.</summary>
    /// <returns>False when it still is: too little is in it, or there is no memory.</returns>
    public bool Give(ArraySegment<byte> block)
    {
        if (block.Count < block.Array!.Length / 4 || !ClearRing() || !budget.TryCharge(block.Array.Length))
        {
            return false;
        }

        Add(block);
        return true;
    }

    /// <summary>Gives away the first bytes: as many as are wanted, or all that there are.</summary>
    /// <param name="wanted">How many bytes.</param>
    /// <param name="blocks">Receives what is the caller's then.</param>
    /// <returns>How many bytes; 0 when they have to be copied.</returns>
    public int Take(int wanted, Span<ArraySegment<byte>> blocks)
    {
        if (!HasBlocks)
        {
            return 0;
        }

        var (whole, number, total) = (Math.Min(wanted, Count), 0, 0);
        while (number < _blocks.Count && number < blocks.Length && total + _blocks[number].Count <= whole)
        {
            blocks[number] = _blocks[number];
            total += _blocks[number++].Count;
        }

        // The rest is the beginning of a block, or in the ring.
        var rest = whole - total;
        if (number == blocks.Length && rest > 0)
        {
            blocks.Clear();
            return 0;
        }

        for (var i = 0; i < number; i++)
        {
            Forget(_blocks[i]);
        }

        _blocks.RemoveRange(0, number);
        Head += total;
        if (rest > 0)
        {
            blocks[number] = Split(rest);
        }

        return whole;
    }

    /// <summary>Takes the first bytes out: of a block and what remains of it, the smaller part is copied.</summary>
    private ArraySegment<byte> Split(int count)
    {
        if (!HasBlocks || count < _blocks[0].Count / 2)
        {
            var copy = new ArraySegment<byte>(ArrayPool<byte>.Shared.Rent(count), 0, count);
            _ = Peek(Head, copy);
            Advance(Head + count);
            return copy;
        }

        var block = _blocks[0];
        var left = block[count..];
        var remains = new ArraySegment<byte>(ArrayPool<byte>.Shared.Rent(left.Count), 0, left.Count);
        left.CopyTo(remains);
        Forget(block);
        _blocks[0] = remains;
        _heldByBlocks += remains.Array!.Length;
        budget.Charge(remains.Array.Length);
        Head += count;
        return block[..count];
    }

    /// <summary>Gives the first block to another buffer of the same budget, when it is no longer than there is room for.</summary>
    /// <returns>How many bytes.</returns>
    public int MoveBlock(StreamBuffer other, int room)
    {
        if (!HasBlocks || _blocks[0].Count > room || !other.ClearRing())
        {
            return 0;
        }

        var block = _blocks[0];
        _blocks.RemoveAt(0);
        Forget(block);
        Head += block.Count;
        budget.Charge(block.Array!.Length);
        other.Add(block);
        return block.Count;
    }

    /// <summary>Makes a block of what is in the ring, so that another one can follow.</summary>
    private bool ClearRing()
    {
        var count = (int)(Tail - _ringHead);
        if (count > LittleInRing || Later is not null)
        {
            return false;
        }

        if (count > 0)
        {
            var block = ArrayPool<byte>.Shared.Rent(count);
            _ = Peek(_ringHead, block.AsSpan(0, count));
            budget.Charge(block.Length);
            Tail = _ringHead;
            Add(new ArraySegment<byte>(block, 0, count));
        }

        return true;
    }

    private void Add(ArraySegment<byte> block)
    {
        _heldByBlocks += block.Array!.Length;
        (_blocks ??= []).Add(block);
        Tail += block.Count;
        _ringHead = Tail;
    }

    private int PeekBlocks(long position, Span<byte> destination)
    {
        var (start, copied) = (Head, 0);
        foreach (var block in _blocks!)
        {
            var skip = (int)Math.Min(Math.Max(position + copied - start, 0), block.Count);
            var count = Math.Min(block.Count - skip, destination.Length - copied);
            block.AsSpan(skip, count).CopyTo(destination[copied..]);
            copied += count;
            start += block.Count;
        }

        return copied;
    }

    /// <summary>Drops what blocks have before a position.</summary>
    private void DropBlocks(long position)
    {
        for (var start = Head; HasBlocks && start < position;)
        {
            var block = _blocks[0];
            var count = (int)Math.Min(position - start, block.Count);
            start += count;
            if (count < block.Count)
            {
                _blocks[0] = block[count..];
                break;
            }

            _blocks.RemoveAt(0);
            Forget(block);
            ArrayPool<byte>.Shared.Return(block.Array!);
        }
    }

    private void Forget(ArraySegment<byte> block)
    {
        _heldByBlocks -= block.Array!.Length;
        budget.Release(block.Array.Length);
    }
}
