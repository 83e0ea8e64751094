namespace Dragonet.Net;

/// <summary>Raw sockets of one stack: each gets a copy of every packet of its protocol, beside the protocol itself (raw(7)).</summary>
internal sealed class RawLayer(Stack stack)
{
    private readonly Dictionary<(bool IsV6, IPProtocol Protocol), List<RawSocket>> _sockets = [];

    /// <summary>Open raw sockets.</summary>
    public int SocketCount { get; private set; }

    public Stack Stack => stack;

    public IEnumerable<RawSocket> List() => _sockets.Values.SelectMany(sockets => sockets);

    public void Add(RawSocket socket)
    {
        if (!_sockets.TryGetValue((socket.IsV6, socket.Protocol), out var sockets))
        {
            _sockets.Add((socket.IsV6, socket.Protocol), sockets = []);
        }

        sockets.Add(socket);
        SocketCount++;
    }

    public void Remove(RawSocket socket)
    {
        var sockets = _sockets[(socket.IsV6, socket.Protocol)];
        _ = sockets.Remove(socket);
        SocketCount--;
        if (sockets.Count == 0)
        {
            _ = _sockets.Remove((socket.IsV6, socket.Protocol));
        }
    }

    /// <summary>An ICMP error about a packet of ours: all sockets of its protocol that may have sent it are told (raw_icmp_error of Linux).</summary>
    public void InputError(in IPHeader sent, in IcmpNotice notice, ReadOnlySpan<byte> quoted)
    {
        if (_sockets.Count == 0 || !_sockets.TryGetValue((!sent.Source.IsV4, sent.Protocol), out var sockets))
        {
            return;
        }

        foreach (var socket in sockets)
        {
            if ((socket.Local.Address.IsUnspecified || socket.Local.Address == sent.Source) && (socket.Remote is not { } peer || peer.Address == sent.Destination))
            {
                socket.Fail(notice, new Endpoint(sent.Destination, 0), quoted);
            }
        }
    }

    /// <summary>Gives copies to those who listen. The packet stays the caller's; its IP header is in front of its first byte.</summary>
    /// <returns>True when somebody does.</returns>
    public bool Deliver(in IPHeader header, PacketBuffer packet, int headerLength)
    {
        if (_sockets.Count == 0 || !_sockets.TryGetValue((!header.Source.IsV4, header.Protocol), out var sockets))
        {
            return false;
        }

        var any = false;
        packet.CompleteChecksum();
        foreach (var socket in sockets)
        {
            if (socket.Takes(header, packet.Input!.Index))
            {
                any = true;
                socket.Input(header, packet, headerLength);
            }
        }

        return any;
    }
}
