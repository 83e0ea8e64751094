using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>Datagrams that a socket has received, in the packets in which they came; bounded by the socket's receive buffer.</summary>
internal sealed class DatagramQueue(Stack stack)
{
    private readonly Queue<(PacketBuffer Packet, Datagram About)> _queue = new();
    private int _held;

    /// <summary>Most bytes of memory.</summary>
    public int Capacity { get; set; } = 212992;

    /// <summary>UDP_GRO.</summary>
    public bool Merges { get; set; }

    public int Count => _queue.Count;

    /// <summary>Memory of what waits.</summary>
    public int Held => _held;

    /// <summary>Length of the first datagram (FIONREAD).</summary>
    public int NextLength => _queue.TryPeek(out var first) ? first.About.Length : 0;

    /// <summary>Takes a packet; owns it. False when there is no room and it is dropped.</summary>
    public bool Add(PacketBuffer packet, in Datagram about)
    {
        if (_held >= Capacity || !stack.Buffers.TryCharge(SizeOf(packet, about)))
        {
            stack.Pool.Return(packet);
            return false;
        }

        _held += SizeOf(packet, about);
        _queue.Enqueue((packet, about));
        return true;
    }

    /// <summary>Copies the first datagram, and takes it unless <paramref name="peek"/>.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="peek">Leave it where it is.</param>
    /// <param name="about">What it was.</param>
    /// <param name="skip">SO_PEEK_OFF: bytes to pass over; datagrams that lie in front of it as a whole are passed over.</param>
    public Result<int> Take(Span<byte> destination, bool peek, out Datagram about, int skip = 0)
    {
        if (!_queue.TryPeek(out var first) || (skip > 0 && !Skip(ref first, ref skip)))
        {
            about = default;
            return Errno.EAGAIN;
        }

        about = first.About;
        var count = Math.Min(destination.Length, first.Packet.Length - skip);
        first.Packet.Bytes.Slice(skip, count).CopyTo(destination);
        if (!peek)
        {
            Drop();
            count = Merges ? Merge(destination, ref about) : count;
        }

        return count;
    }

    private bool Skip(ref (PacketBuffer Packet, Datagram About) first, ref int skip)
    {
        foreach (var entry in _queue)
        {
            if (skip == 0 || skip < entry.Packet.Length)
            {
                first = entry;
                return true;
            }

            skip -= entry.Packet.Length;
        }

        return false;
    }

    /// <summary>What follows from the same sender in datagrams of the same length, of which the last may be shorter, as far as there is room
    /// (udp(7), UDP_GRO). The first one is taken.</summary>
    private int Merge(Span<byte> destination, ref Datagram about)
    {
        var (segment, total) = (about.Length, about.Length);
        for (var last = segment; last == segment && segment > 0 && _queue.TryPeek(out var next); Drop())
        {
            last = next.About.Length;
            if (last > segment || last == 0 || total + last > Math.Min(destination.Length, ushort.MaxValue)
                || next.About with { ReceivedAt = about.ReceivedAt, Length = about.Length, Header = about.Header } != about)
            {
                break;
            }

            next.Packet.Bytes.CopyTo(destination[total..]);
            total += last;
        }

        about = total > segment ? about with { Length = total, Segment = segment } : about;
        return Math.Min(total, destination.Length);
    }

    public void Clear()
    {
        while (_queue.Count > 0)
        {
            Drop();
        }
    }

    private void Drop()
    {
        var (packet, about) = _queue.Dequeue();
        var size = SizeOf(packet, about);
        _held -= size;
        stack.Buffers.Release(size);
        stack.Pool.Return(packet);
    }

    private static int SizeOf(PacketBuffer packet, in Datagram about) => packet.Data.Length + (about.Header?.Length ?? 0);
}
