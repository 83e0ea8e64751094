using Dragonet.Net;

namespace Dragonet.UserNet;

/// <summary>A UDP port of the host that leads to the guest: each sender outside gets a port of the gateway, so that answers find back.</summary>
internal sealed class UdpListenerFlow : Flow
{
    private const int Batch = 64, MostPeers = 256;

    private readonly PublishedPort _port;
    private readonly Dictionary<Endpoint, UdpPeer> _peers = [];
    private readonly LinkedList<UdpPeer> _order = new(); // the longest unused first

    internal UdpListenerFlow(UserGateway gateway, OpenPort open)
        : base(gateway, open.Socket)
    {
        _port = open.Port;
        Watch();
    }

    /// <inheritdoc/>
    public override void Pump()
    {
        _ = TakeEvents();
        foreach (var peer in _order)
        {
            peer.SendBack();
        }

        for (var i = 0; i < Batch; i++)
        {
            if (!Socket.ReceiveFrom(Gateway.Scratch, out var from).Ok(out var count, out var error))
            {
                if (error == Abi.Errno.EAGAIN)
                {
                    return;
                }

                continue; // an error about an earlier datagram of ours
            }

            PeerOf(from.ToEndpoint()).Deliver(Gateway.Scratch.AsSpan(0, count));
        }

        Gateway.Mark(this);
    }

    /// <summary>Sends an answer of the guest.</summary>
    internal void Answer(ReadOnlySpan<byte> data, Endpoint to) => _ = Socket.SendTo(data, to.ToHost()); // what does not fit is lost

    /// <inheritdoc/>
    protected override void Release()
    {
        foreach (var peer in _order)
        {
            peer.Close();
        }
    }

    private UdpPeer PeerOf(Endpoint from)
    {
        if (_peers.TryGetValue(from, out var peer))
        {
            _order.Remove(peer.Node);
            _order.AddLast(peer.Node);
            return peer;
        }

        if (_peers.Count >= MostPeers)
        {
            var oldest = _order.First!.Value;
            oldest.Close();
            _order.RemoveFirst();
            _ = _peers.Remove(oldest.From);
        }

        peer = new UdpPeer(this, Gateway, from, _port);
        _peers.Add(from, peer);
        _order.AddLast(peer.Node);
        return peer;
    }
}
