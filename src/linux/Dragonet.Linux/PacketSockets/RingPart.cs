using System.Buffers.Binary;
using Dragonet.Platform;

namespace Dragonet.Linux.PacketSockets;

/// <summary>Where a ring is in the memory that the guest maps: the one for sending is behind the one for receiving. The guest may write anything there at any
/// time: what is read is copied once, and looked at then.</summary>
/// <param name="memory">The memory of both.</param>
/// <param name="start">Where this one begins.</param>
internal sealed class RingPart(IMemoryBacking memory, long start)
{
    private IMemoryBacking _memory = memory;
    private long _start = start;

    /// <summary>It is elsewhere now, because the other ring came or went.</summary>
    public void Move(IMemoryBacking memory, long start, long length)
    {
        var chunk = new byte[1 << 16];
        for (long at = 0; at < length; at += chunk.Length)
        {
            var part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, length - at));
            Read(at, part);
            if (part.ContainsAnyExcept((byte)0))
            {
                _ = memory.WriteAt(start + at, part); // zeros are there already, and cost nothing
            }
        }

        (_memory, _start) = (memory, start);
    }

    public void Read(long place, Span<byte> destination)
    {
        if (_memory.ReadAt(_start + place, destination) != destination.Length)
        {
            destination.Clear();
        }
    }

    public uint ReadWord(long place)
    {
        Span<byte> word = stackalloc byte[4];
        Read(place, word);
        return BinaryPrimitives.ReadUInt32LittleEndian(word);
    }

    public void Write(long place, ReadOnlySpan<byte> source) => _ = _memory.WriteAt(_start + place, source);

    public void WriteWord(long place, uint value)
    {
        Span<byte> word = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(word, value);
        Write(place, word);
    }
}
