namespace Dragonet.Net;

/// <summary>A link that carries IP packets without a link header (a tun device): whatever is sent reaches the other side.</summary>
public sealed class PointToPointInterface : Interface
{
    private readonly FrameHandler _transmit;

    /// <summary>Adds the interface to a stack; it is down and has no address.</summary>
    public PointToPointInterface(Stack stack, string name, int mtu, FrameHandler transmit)
        : base(stack, name, mtu) => _transmit = transmit;

    /// <summary>An IP packet came from the other side.</summary>
    public void Receive(ReadOnlySpan<byte> packet)
    {
        if (IsUp && packet.Length <= 65535)
        {
            Show(packet, isOutgoing: false);
            Input(Stack.Pool.Copy(packet));
        }
    }

    internal override void OutputFrame(PacketBuffer frame) => Output(frame, default);

    internal override void Output(PacketBuffer packet, IPAddress nextHop)
    {
        if (IsUp)
        {
            Show(packet.Bytes, isOutgoing: true);
            Counters.SentPackets++;
            Counters.SentBytes += packet.Length;
            _transmit(packet.Bytes);
        }
        else
        {
            Counters.SendDrops++;
        }

        Stack.Pool.Return(packet);
    }
}
