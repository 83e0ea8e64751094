namespace Dragonet.Net;

/// <summary>
/// Two Ethernet interfaces and a wire between them (epair(4) of FreeBSD, veth(4) of Linux). The ends may be in different stacks, each under
/// its own lock, and may move. Frames change hands without a copy.
/// </summary>
public sealed class Epair : IFrameCarrier
{
    /// <summary>Longest packet that one IP header can describe, for wires that are nothing but memory.</summary>
    public const int MaxMtu = 65520;

    private readonly LinkInbox _inboxA;
    private readonly LinkInbox _inboxB;

    /// <summary>Makes both ends; neither belongs to a stack yet (<see cref="Stack.Attach"/>).</summary>
    public Epair(string nameA, EthernetAddress addressA, string nameB, EthernetAddress addressB, int mtu = 1500)
    {
        A = new EthernetInterface(null, nameA, addressA, mtu) { Carrier = this };
        B = new EthernetInterface(null, nameB, addressB, mtu) { Carrier = this };
        (_inboxA, _inboxB) = (new LinkInbox(A), new LinkInbox(B));
    }

    /// <summary>One end.</summary>
    public EthernetInterface A { get; }

    /// <summary>The other end.</summary>
    public EthernetInterface B { get; }

    /// <summary>Frames under way.</summary>
    public int Waiting => _inboxA.Count + _inboxB.Count;

    /// <summary>The end at the other side of one.</summary>
    public EthernetInterface PeerOf(EthernetInterface end) => end == A ? B : A;

    bool IFrameCarrier.Carry(EthernetInterface from, PacketBuffer frame) => InboxOf(PeerOf(from)).Put(frame, from.Stack.Pool);

    internal LinkInbox InboxOf(EthernetInterface end) => end == A ? _inboxA : _inboxB;
}
