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

    public int Count => _queue.Count;

    /// <summary>Memory of what waits.</summary>
    public int Held => _held;

    /// <summary>Length of the first datagram (FIONREAD).</summary>
    public int NextLength => _queue.TryPeek(out var first) ? first.About.Length : 0;

    /// <summary>Takes a packet; owns it. False when there is no room and it is dropped.</summary>
    public bool Add(PacketBuffer packet, in Datagram about)
    {
        if (_held >= Capacity || !stack.Buffers.TryCharge(packet.Data.Length))
        {
            stack.Pool.Return(packet);
            return false;
        }

        _held += packet.Data.Length;
        _queue.Enqueue((packet, about));
        return true;
    }

    /// <summary>Copies the first datagram, and takes it unless <paramref name="peek"/>.</summary>
    public Result<int> Take(Span<byte> destination, bool peek, out Datagram about)
    {
        if (!_queue.TryPeek(out var first))
        {
            about = default;
            return Errno.EAGAIN;
        }

        about = first.About;
        var count = Math.Min(destination.Length, first.Packet.Length);
        first.Packet.Bytes[..count].CopyTo(destination);
        if (!peek)
        {
            Drop();
        }

        return count;
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
        var (packet, _) = _queue.Dequeue();
        _held -= packet.Data.Length;
        stack.Buffers.Release(packet.Data.Length);
        stack.Pool.Return(packet);
    }
}
