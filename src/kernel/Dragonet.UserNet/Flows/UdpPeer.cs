using Dragonet.Net;

namespace Dragonet.UserNet;

/// <summary>Somebody outside who sends to a published UDP port, and the gateway's socket that speaks to the guest for it.</summary>
internal sealed class UdpPeer
{
    private readonly UdpListenerFlow _listener;
    private readonly UserGateway _gateway;
    private readonly UdpSocket _socket;

    internal UdpPeer(UdpListenerFlow listener, UserGateway gateway, Endpoint from, PublishedPort port)
    {
        _listener = listener;
        _gateway = gateway;
        From = from;
        Node = new LinkedListNode<UdpPeer>(this);
        var isV4 = port.Host.Address.IsV4;
        _socket = gateway.Stack.CreateUdp(!isV4);
        _ = _socket.Bind(new Endpoint(gateway.OwnAddress(isV4), 0));
        _ = _socket.Connect(new Endpoint(gateway.GuestAddress(isV4), port.GuestPort));
        _ = _socket.Queue.Add(listener);
    }

    internal Endpoint From { get; }

    internal LinkedListNode<UdpPeer> Node { get; }

    internal void Deliver(ReadOnlySpan<byte> data) => _ = _socket.Send(data, null); // an error is about an earlier one

    internal void SendBack()
    {
        while (_socket.Receive(_gateway.Scratch, peek: false, out _) is var got && (got.IsOk || got.Error != Abi.Errno.EAGAIN))
        {
            if (got.IsOk)
            {
                _listener.Answer(_gateway.Scratch.AsSpan(0, got.Value), From);
            }
        }
    }

    internal void Close() => _socket.Close();
}
