using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>A UDP socket (udp(7)).</summary>
public sealed class UdpSocket : IPortUser
{
    private readonly UdpLayer _layer;
    private readonly DatagramQueue _incoming;
    private Errno _error;
    private bool _isReadShut;
    private bool _isWriteShut;
    private bool _isClosed;

    internal UdpSocket(UdpLayer layer, bool isV6)
    {
        _layer = layer;
        _incoming = new DatagramQueue(layer.Stack);
        IsV6 = isV6;
        Local = new Endpoint(isV6 ? IPAddress.AnyV6 : IPAddress.AnyV4, 0);
        layer.SocketCount++;
    }

    /// <summary>Woken when something changes.</summary>
    public WaitQueue Queue { get; } = new();

    public bool IsV6 { get; }

    /// <summary>Anything the user wants to find again.</summary>
    public object? Tag { get; set; }

    /// <summary>What it is bound to; port 0 when it is not.</summary>
    public Endpoint Local { get; private set; }

    /// <summary>What it is connected to, or null.</summary>
    public Endpoint? Remote { get; private set; }

    public bool IsV6Only { get; set; }

    public bool ReuseAddress { get; set; }

    public bool ReusePort { get; set; }

    /// <inheritdoc/>
    public uint Owner { get; set; }

    /// <summary>SO_BROADCAST.</summary>
    public bool MayBroadcast { get; set; }

    public byte HopLimit { get; set; } = 64;

    public byte MulticastHopLimit { get; set; } = 1;

    public byte TrafficClass { get; set; }

    /// <summary>SO_RCVBUF.</summary>
    public int ReceiveBuffer { get => _incoming.Capacity; set => _incoming.Capacity = value; }

    /// <summary>Length of the first datagram (FIONREAD).</summary>
    public int NextLength => _incoming.NextLength;

    /// <summary>Memory of what waits, for /proc/net/udp.</summary>
    public int Held => _incoming.Held;

    /// <summary>Datagrams for which there was no room.</summary>
    public long Drops { get; private set; }

    IPAddress IPortUser.BoundAddress => Local.Address;

    bool IPortUser.IsListening => false;

    private Stack Stack => _layer.Stack;

    /// <summary>bind(2): EINVAL when bound, EADDRNOTAVAIL for an address that is not here, EADDRINUSE.</summary>
    public Errno Bind(Endpoint local)
    {
        if (Local.Port != 0)
        {
            return Errno.EINVAL;
        }

        if (!local.Address.IsUnspecified && !local.Address.IsMulticast && !Stack.IsLocal(local.Address) && !Stack.IsBroadcast(local.Address))
        {
            return Errno.EADDRNOTAVAIL;
        }

        Local = local with { Port = 0 };
        if (!_layer.Ports.Bind(local.Port, this).Ok(out var port, out var error))
        {
            Local = new Endpoint(IsV6 ? IPAddress.AnyV6 : IPAddress.AnyV4, 0);
            return error;
        }

        Local = local with { Port = port };
        return Errno.OK;
    }

    /// <summary>connect(2): from now on it talks to this peer only. Null dissolves the association.</summary>
    public Errno Connect(Endpoint? remote)
    {
        if (remote is not { } peer)
        {
            Remote = null;
            return Errno.OK;
        }

        peer = peer with { Address = Destination(peer.Address) };
        if (!Stack.Resolve(peer.Address, peer.Scope).Ok(out var path, out var error) || (error = CheckBroadcast(peer.Address)) != Errno.OK)
        {
            return error;
        }

        if (Local.Port == 0 && (error = Bind(Local)) != Errno.OK)
        {
            return error;
        }

        if (Local.Address.IsUnspecified)
        {
            Local = Local with { Address = path.Source };
        }

        Remote = peer;
        return Errno.OK;
    }

    /// <summary>sendto(2); the whole datagram or nothing.</summary>
    public Result<int> Send(ReadOnlySpan<byte> data, Endpoint? to)
    {
        if (_isWriteShut)
        {
            return Errno.EPIPE;
        }

        if (TakeError() is not Errno.OK and var pending)
        {
            return pending;
        }

        if ((to ?? Remote) is not { } remote)
        {
            return Errno.EDESTADDRREQ;
        }

        remote = remote with { Address = Destination(remote.Address) };
        if (remote.Port == 0)
        {
            return Errno.EINVAL;
        }

        if (data.Length > 65535 - UdpDatagram.HeaderSize - (remote.Address.IsV4 ? IPv4Packet.MinimalHeader : 0))
        {
            return Errno.EMSGSIZE;
        }

        if (!Stack.Resolve(remote.Address, remote.Scope).Ok(out var path, out var error) || (error = CheckBroadcast(remote.Address)) != Errno.OK
            || (Local.Port == 0 && (error = Bind(Local)) != Errno.OK))
        {
            return error;
        }

        var source = Local.Address.IsUnspecified || Local.Address.IsMulticast || Stack.IsBroadcast(Local.Address) ? path.Source : Local.Address;
        if (source.IsV4 != remote.Address.IsV4)
        {
            return Errno.ENETUNREACH;
        }

        var packet = Stack.Pool.Rent(UdpDatagram.HeaderSize + data.Length);
        data.CopyTo(packet.Bytes[UdpDatagram.HeaderSize..]);
        UdpDatagram.Write(packet.Bytes, new Endpoint(source, Local.Port), remote);
        Stack.Counters.UdpOut++;
        var limit = remote.Address.IsMulticast ? MulticastHopLimit : HopLimit;
        error = Stack.Output(new IPHeader(source, remote.Address, IPProtocol.Udp, limit, TrafficClass), packet, path, dontFragment: false);
        return error == Errno.OK ? data.Length : error;
    }

    /// <summary>recvfrom(2): EAGAIN when there is nothing, 0 after shutdown(2).</summary>
    public Result<int> Receive(Span<byte> destination, bool peek, out Datagram about)
    {
        about = default;
        if (TakeError() is not Errno.OK and var pending)
        {
            return pending;
        }

        var taken = _incoming.Take(destination, peek, out about);
        return taken.Error == Errno.EAGAIN && _isReadShut ? 0 : taken;
    }

    /// <summary>shutdown(2): ENOTCONN when it is not connected, though it takes effect.</summary>
    public Errno Shutdown(bool read, bool write)
    {
        _isReadShut |= read;
        _isWriteShut |= write;
        _ = Queue.Wake();
        return Remote is null ? Errno.ENOTCONN : Errno.OK;
    }

    /// <summary>The state for poll(2).</summary>
    public PollEvents Poll()
    {
        var events = PollEvents.POLLOUT | PollEvents.POLLWRNORM | PollEvents.POLLWRBAND;
        if (_incoming.Count > 0 || _isReadShut)
        {
            events |= PollEvents.POLLIN | PollEvents.POLLRDNORM;
        }

        if (_isReadShut)
        {
            events |= PollEvents.POLLRDHUP;
        }

        if (_isReadShut && _isWriteShut)
        {
            events |= PollEvents.POLLHUP;
        }

        return _error == Errno.OK ? events : events | PollEvents.POLLERR;
    }

    /// <summary>SO_ERROR: the pending error, which is cleared.</summary>
    public Errno TakeError()
    {
        var error = _error;
        _error = Errno.OK;
        return error;
    }

    /// <summary>The last close.</summary>
    public void Close()
    {
        if (_isClosed)
        {
            return;
        }

        _isClosed = true;
        _layer.SocketCount--;
        _layer.Ports.Remove(Local.Port, this);
        _incoming.Clear();
        _ = Queue.Wake();
    }

    internal void Fail(Errno error)
    {
        _error = error;
        _ = Queue.Wake(PollEvents.POLLERR | PollEvents.POLLIN | PollEvents.POLLOUT);
    }

    /// <summary>Takes a datagram; owns the packet.</summary>
    internal void Enqueue(PacketBuffer packet, in Datagram about)
    {
        if (_incoming.Add(packet, about))
        {
            Stack.Counters.UdpIn++;
            _ = Queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
        }
        else
        {
            Drops++;
            Stack.Counters.UdpBufferErrors++;
        }
    }

    /// <summary>How well it fits to a datagram; -1 when not at all.</summary>
    internal int Score(Endpoint local, Endpoint remote)
    {
        var score = IsV6 == !local.Address.IsV4 ? 1 : 0;
        if (score == 0 && (IsV6Only || !IsV6))
        {
            return -1;
        }

        if (!Local.Address.IsUnspecified)
        {
            if (Local.Address != local.Address)
            {
                return -1;
            }

            score += 2;
        }
        else if (score == 0 && Local.Address.IsV4)
        {
            return -1;
        }

        if (Remote is { } peer)
        {
            if (peer.Address != remote.Address || peer.Port != remote.Port)
            {
                return -1;
            }

            score += 4;
        }

        return score;
    }

    /// <summary>True when it gets datagrams of this group or broadcast.</summary>
    internal bool TakesGroup(in Datagram about) =>
        (Local.Address.IsUnspecified || Local.Address == about.Destination) && (IsV6 || about.Destination.IsV4)
        && !(IsV6Only && about.Destination.IsV4)
        && (Remote is not { } peer || (peer.Address == about.Source.Address && peer.Port == about.Source.Port));

    /// <summary>Any address as a destination is this machine (ip(7), "INADDR_ANY").</summary>
    private static IPAddress Destination(IPAddress address) =>
        !address.IsUnspecified ? address : address.IsV4 ? IPAddress.LoopbackV4 : IPAddress.LoopbackV6;

    private Errno CheckBroadcast(IPAddress address) => !MayBroadcast && Stack.IsBroadcast(address) ? Errno.EACCES : Errno.OK;
}
