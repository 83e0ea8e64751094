namespace Dragonet.Net;

/// <summary>
/// lo: what is sent comes back. Packets wait in a queue until the stack has finished what it does, so that a conversation between
/// two sockets of one stack is no recursion.
/// </summary>
public sealed class LoopbackInterface : Interface
{
    private const int MaxQueue = 4096;

    private readonly Queue<PacketBuffer> _queue = new();

    internal LoopbackInterface(Stack stack)
        : base(stack, "lo", 65536)
    {
    }

    /// <inheritdoc/>
    public override bool IsLoopback => true;

    /// <inheritdoc/>
    public override EthernetAddress? HardwareAddress => default(EthernetAddress);

    /// <summary>Somebody would miss packets that do not pass here, or it is down.</summary>
    internal bool IsWatched => !IsUp || IsTapped || Stack.Packets.SocketCount > 0 || Stack.Options.Interceptor is not null;

    internal override void OutputFrame(PacketBuffer frame)
    {
        // Only what is IP comes to somebody.
        if (EthernetFrame.TryParse(frame.Bytes, out var ethernet) && ethernet.Type is EthernetFrame.TypeIPv4 or EthernetFrame.TypeIPv6 && !ethernet.Payload.IsEmpty)
        {
            frame.TrimFront(EthernetFrame.HeaderSize);
            Output(frame, default);
        }
        else
        {
            Stack.Pool.Return(frame);
        }
    }

    internal override void Output(PacketBuffer packet, IPAddress nextHop)
    {
        if (!IsUp || _queue.Count >= MaxQueue)
        {
            Counters.SendDrops++;
            Stack.Pool.Return(packet);
            return;
        }

        Show(packet.Bytes, isOutgoing: true);
        Counters.SentPackets++;
        Counters.SentBytes += packet.Length;
        packet.IsLocal = true;
        _queue.Enqueue(packet);
    }

    /// <summary>Takes a copy, for this machine, of what goes out through another interface; owns it.</summary>
    internal void Echo(PacketBuffer packet)
    {
        if (_queue.Count >= MaxQueue)
        {
            Stack.Pool.Return(packet);
        }
        else
        {
            _queue.Enqueue(packet);
        }
    }

    /// <summary>Delivers one packet that was sent.</summary>
    /// <returns>False when there is none.</returns>
    internal bool DeliverOne()
    {
        if (!_queue.TryDequeue(out var packet))
        {
            return false;
        }

        if (packet.IsEcho)
        {
            packet.ReceivedAt = Stack.Now;
            Stack.Input(packet);
        }
        else
        {
            Input(packet);
        }

        return true;
    }
}
