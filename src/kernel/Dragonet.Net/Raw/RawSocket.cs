using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>A raw socket (raw(7), ipv6(7)): it sends and receives packets of one protocol. IPv4 packets are received with their header, IPv6
/// ones without.</summary>
public sealed class RawSocket
{
    private readonly RawLayer _layer;
    private readonly DatagramQueue _incoming;
    private readonly byte[] _blocked = new byte[32]; // types of ICMP that are not wanted, a bit for each
    private bool _isClosed;

    internal RawSocket(RawLayer layer, bool isV6, IPProtocol protocol)
    {
        _layer = layer;
        _incoming = new DatagramQueue(layer.Stack);
        IsV6 = isV6;
        Protocol = protocol;
        HasHeader = protocol == IPProtocol.Raw;
        Local = new Endpoint(isV6 ? IPAddress.AnyV6 : IPAddress.AnyV4, (ushort)protocol);
        layer.Add(this);
    }

    /// <summary>Woken when something changes.</summary>
    public WaitQueue Queue { get; } = new();

    public bool IsV6 { get; }

    public IPProtocol Protocol { get; }

    /// <summary>IP_HDRINCL: what is sent begins with an IPv4 header.</summary>
    public bool HasHeader { get; set; }

    /// <summary>IPV6_CHECKSUM: where the checksum of what is sent goes; -1 for nowhere. ICMPv6 always has one.</summary>
    public int ChecksumOffset { get; set; } = -1;

    /// <summary>What it is bound to; the port is the protocol.</summary>
    public Endpoint Local { get; private set; }

    /// <summary>What it is connected to, or null.</summary>
    public Endpoint? Remote { get; private set; }

    public byte HopLimit { get; set; } = 64;

    public byte TrafficClass { get; set; }

    /// <summary>SO_RCVBUF.</summary>
    public int ReceiveBuffer { get => _incoming.Capacity; set => _incoming.Capacity = value; }

    /// <summary>Length of the first packet (FIONREAD).</summary>
    public int NextLength => _incoming.NextLength;

    /// <summary>ICMP_FILTER and ICMP6_FILTER: a bit for each type that is not wanted, 32 to a word, the lowest first.</summary>
    public void Block(ReadOnlySpan<byte> types)
    {
        _blocked.AsSpan().Clear();
        types[..Math.Min(types.Length, _blocked.Length)].CopyTo(_blocked);
    }

    /// <summary>bind(2): EADDRNOTAVAIL for an address that is not here.</summary>
    public Errno Bind(Endpoint local)
    {
        if (!local.Address.IsUnspecified && !local.Address.IsMulticast && !_layer.Stack.IsLocal(local.Address))
        {
            return Errno.EADDRNOTAVAIL;
        }

        Local = local with { Port = (ushort)Protocol };
        return Errno.OK;
    }

    /// <summary>connect(2): from now on it talks to this peer only. Null dissolves the association.</summary>
    public Errno Connect(Endpoint? remote)
    {
        if (remote is { } peer && !_layer.Stack.Resolve(peer.Address, peer.Scope).Ok(out _, out var error))
        {
            return error;
        }

        Remote = remote;
        return Errno.OK;
    }

    /// <summary>sendto(2): one packet.</summary>
    public Result<int> Send(ReadOnlySpan<byte> data, Endpoint? to)
    {
        if ((to ?? Remote) is not { } remote)
        {
            return Errno.EDESTADDRREQ;
        }

        var stack = _layer.Stack;
        if (data.Length > 65535 - (HasHeader ? 0 : IPv4Packet.MinimalHeader))
        {
            return Errno.EMSGSIZE;
        }

        if (!stack.Resolve(remote.Address, remote.Scope).Ok(out var path, out var error))
        {
            return error;
        }

        var source = Local.Address.IsUnspecified ? path.Source : Local.Address;
        if (source.IsV4 != remote.Address.IsV4 || remote.Address.IsV4 == IsV6)
        {
            return Errno.ENETUNREACH;
        }

        if (HasHeader && !IsV6)
        {
            error = SendWithHeader(data, path, source);
            return error == Errno.OK ? data.Length : error;
        }

        var packet = stack.Pool.Copy(data);
        var at = Protocol == IPProtocol.IcmpV6 ? 2 : ChecksumOffset;
        if (IsV6 && at >= 0)
        {
            if (at + 2 > data.Length)
            {
                stack.Pool.Return(packet);
                return Errno.EINVAL;
            }

            var bytes = packet.Bytes;
            bytes[at] = bytes[at + 1] = 0;
            var sum = InternetChecksum.AddPseudoHeader(source, remote.Address, Protocol, bytes.Length);
            BinaryPrimitives.WriteUInt16BigEndian(bytes[at..], InternetChecksum.Finish(InternetChecksum.Add(bytes, sum)));
        }

        error = stack.Output(new IPHeader(source, remote.Address, Protocol, HopLimit, TrafficClass), packet, path, dontFragment: false);
        return error == Errno.OK ? data.Length : error;
    }

    /// <summary>recvfrom(2): EAGAIN when there is nothing.</summary>
    public Result<int> Receive(Span<byte> destination, bool peek, out Datagram about) => _incoming.Take(destination, peek, out about);

    /// <summary>The state for poll(2).</summary>
    public PollEvents Poll() => PollEvents.POLLOUT | PollEvents.POLLWRNORM | (_incoming.Count > 0 ? PollEvents.POLLIN | PollEvents.POLLRDNORM : 0);

    /// <summary>The last close.</summary>
    public void Close()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            _layer.Remove(this);
            _incoming.Clear();
        }
    }

    /// <summary>True when a packet of its protocol is for it.</summary>
    internal bool Takes(in IPHeader header) =>
        (Local.Address.IsUnspecified || Local.Address == header.Destination) && (Remote is not { } peer || peer.Address == header.Source);

    /// <summary>Takes a copy of a packet.</summary>
    internal void Enqueue(in IPHeader header, PacketBuffer packet, int headerLength)
    {
        var isIcmp = Protocol is IPProtocol.Icmp or IPProtocol.IcmpV6;
        if (isIcmp && packet.Length > 0 && packet.Bytes[0] is var type && (_blocked[type / 8] >> (type % 8) & 1) != 0)
        {
            return;
        }

        var front = IsV6 ? 0 : headerLength;
        var stack = _layer.Stack;
        var copy = stack.Pool.Copy(packet.Data.AsSpan(packet.Start - front, packet.Length + front));
        var source = new Endpoint(header.Source, 0, header.Source.IsLinkLocal ? packet.Input!.Index : 0);
        if (_incoming.Add(copy, new Datagram(source, header.Destination, copy.Length, packet.Input!.Index, header.HopLimit, header.TrafficClass, packet.ReceivedAt)))
        {
            _ = Queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
        }
    }

    /// <summary>A packet with its header: length and checksum are filled in, source and identification when they are 0 (raw(7)).</summary>
    private Errno SendWithHeader(ReadOnlySpan<byte> data, in Path path, IPAddress source)
    {
        var size = data.IsEmpty ? 0 : (data[0] & 0xf) * 4;
        if (data.Length < IPv4Packet.MinimalHeader || size < IPv4Packet.MinimalHeader || size > data.Length)
        {
            return Errno.EINVAL;
        }

        if (data.Length > path.Interface.Mtu)
        {
            return Errno.EMSGSIZE;
        }

        var packet = _layer.Stack.Pool.Copy(data);
        var bytes = packet.Bytes;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)bytes.Length);
        if (BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]) == 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes[4..], (ushort)_layer.Stack.Options.Random());
        }

        if (BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]) == 0)
        {
            source.Write(bytes[12..]);
        }

        bytes[10] = bytes[11] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[10..], InternetChecksum.Of(bytes[..size]));
        _layer.Stack.Counters.IPOutRequests++;
        path.Interface.Output(packet, path.NextHop);
        return Errno.OK;
    }
}
