using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>A UDP socket (udp(7)), or one of UDP-Lite (udplite(7)).</summary>
public sealed partial class UdpSocket : DatagramSocket, IPortUser
{
    private readonly UdpLayer _layer;

    internal UdpSocket(UdpLayer layer, bool isV6)
        : base(layer.Stack, isV6)
    {
        _layer = layer;
        layer.SocketCount++;
    }

    /// <inheritdoc/>
    public bool ReuseAddress { get; set; }

    /// <inheritdoc/>
    public bool ReusePort { get; set; }

    /// <summary>UDP-Lite.</summary>
    public bool IsLite => _layer.Protocol == IPProtocol.UdpLite;

    /// <summary>UDPLITE_SEND_CSCOV: how many bytes of what is sent the checksum covers, with the header; 0 for all, which is so unless it was set.</summary>
    public int? SendCoverage { get; set; }

    /// <summary>UDPLITE_RECV_CSCOV: how many have to be covered of what is covered in part; 0 for all. Nothing has to be unless it was set.</summary>
    public int? ReceiveCoverage { get; set; }

    IPAddress IPortUser.BoundAddress => Local.Address;

    bool IPortUser.IsListening => false;

    /// <summary>bind(2): EINVAL when bound, EADDRNOTAVAIL for an address that is not here, EADDRINUSE.</summary>
    public override Errno Bind(Endpoint local) => Bind(local, mustHavePort: false);

    private Errno Bind(Endpoint local, bool mustHavePort)
    {
        if (Local.Port != 0 || IsClosed)
        {
            return IsClosed ? Errno.EBADF : Errno.EINVAL;
        }

        if (!Narrow(ref local))
        {
            return Errno.EADDRNOTAVAIL;
        }

        if (!local.Address.IsUnspecified && !local.Address.IsMulticast && !BindsFreely && !Stack.IsLocal(local.Address) && !Stack.IsBroadcast(local.Address))
        {
            return Errno.EADDRNOTAVAIL;
        }

        Local = local with { Port = 0 };
        if (DefersPort && local.Port == 0 && !mustHavePort)
        {
            return Errno.OK; // ip(7), IP_BIND_ADDRESS_NO_PORT
        }

        if (!_layer.Ports.Bind(local.Port, this, range: PortRange).Ok(out var port, out var error))
        {
            Local = new Endpoint(Any, 0);
            return error;
        }

        Local = local with { Port = port };
        return Errno.OK;
    }

    /// <inheritdoc/>
    public override Errno Connect(Endpoint? remote)
    {
        if (remote is not { } peer)
        {
            Remote = null;
            return Errno.OK;
        }

        peer = peer with { Address = Destination(peer.Address) };
        if (!Stack.Resolve(peer.Address, ScopeOf(peer), new RouteQuery(Local.Address.IsUnspecified ? null : Local.Address, Mark)).Ok(out var path, out var error) || (error = CheckBroadcast(peer.Address)) != Errno.OK)
        {
            return error;
        }

        if (Local.Port == 0 && (error = Bind(Local, mustHavePort: true)) != Errno.OK)
        {
            return error;
        }

        if (Local.Address.IsUnspecified)
        {
            if (SourceFor(path.Source, peer.Address) is not { } source)
            {
                return Errno.ENETUNREACH;
            }

            Local = Local with { Address = source };
        }

        Remote = peer;
        return Errno.OK;
    }

    /// <inheritdoc/>
    public override Result<int> Send(ReadOnlySpan<byte> data, Endpoint? to, in SendControls controls = default)
    {
        if (IsWriteShut)
        {
            return Errno.EPIPE;
        }

        if (TakeError() is not Errno.OK and var pending)
        {
            return pending;
        }

        if (_held is not null)
        {
            return SendHeld(data);
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

        if (data.Length > LongestTo(remote.Address))
        {
            return Errno.EMSGSIZE;
        }

        if (!Route(remote, controls).Ok(out var path, out var error) || (error = CheckBroadcast(remote.Address)) != Errno.OK
            || (Local.Port == 0 && (error = Bind(Local, mustHavePort: true)) != Errno.OK))
        {
            return error;
        }

        var segment = controls.Segment ?? Segment;
        var sent = segment > 0 && data.Length > segment ? SendParts(data, segment, remote, path, controls) : Send(data, remote, path, controls);
        if (sent.IsOk && HasErrorQueue)
        {
            var (payload, port, from, about, way) = (data.ToArray(), Local.Port, path.Source, controls, path);
            TellSent(controls, () => Frame(payload, new Endpoint(from, port), remote, HeaderFor(from, remote.Address, _layer.Protocol, way, about)));
        }

        return sent;
    }

    /// <summary>A datagram with all its headers, as the error queue shows it.</summary>
    private static byte[] Frame(byte[] data, Endpoint source, Endpoint remote, in IPHeader header)
    {
        var size = source.Address.IsV4 ? IPv4Packet.MinimalHeader : IPv6Packet.HeaderSize;
        var frame = new byte[EthernetFrame.HeaderSize + size + UdpDatagram.HeaderSize + data.Length];
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(EthernetFrame.HeaderSize - 2), source.Address.IsV4 ? EthernetFrame.TypeIPv4 : EthernetFrame.TypeIPv6);
        var packet = frame.AsSpan(EthernetFrame.HeaderSize);
        data.CopyTo(packet[(size + UdpDatagram.HeaderSize)..]);
        UdpDatagram.Write(packet[size..], source, remote);
        if (source.Address.IsV4)
        {
            IPv4Packet.Write(packet[..size], header, packet.Length - size, 0, 0);
        }
        else
        {
            IPv6Packet.Write(packet[..size], header, packet.Length - size, header.Protocol);
        }

        return frame;
    }

    /// <summary>UDP_NO_CHECK6_TX: no checksums with IPv6.</summary>
    public bool SendsUnchecked { get; set; }

    /// <summary>UDP_NO_CHECK6_RX: datagrams of IPv6 without a checksum are taken.</summary>
    public bool TakesUnchecked { get; set; }

    private static int LongestTo(IPAddress address) => 65535 - UdpDatagram.HeaderSize - (address.IsV4 ? IPv4Packet.MinimalHeader : 0);

    private Result<int> Send(ReadOnlySpan<byte> data, Endpoint remote, in Path path, in SendControls controls)
    {
        var packet = Stack.Pool.Rent(UdpDatagram.HeaderSize + data.Length);
        data.CopyTo(packet.Bytes[UdpDatagram.HeaderSize..]);
        var source = new Endpoint(path.Source, Local.Port);
        if (IsLite)
        {
            UdpLiteDatagram.Write(packet.Bytes, source, remote, SendCoverage ?? packet.Length);
        }
        else
        {
            UdpDatagram.Write(packet.Bytes, source, remote, withChecksum: !(SendsUnchecked && !source.Address.IsV4));
        }

        Stack.Counters.UdpOut++;
        var error = Output(HeaderFor(path.Source, remote.Address, _layer.Protocol, path, controls), packet, path, controls);
        return error == Errno.OK ? data.Length : error;
    }

    /// <summary>A datagram came; owns the packet.</summary>
    /// <param name="packet">The data; its header is in front.</param>
    /// <param name="about">What is told about it.</param>
    /// <param name="coverage">How much of it the checksum covers, with the header.</param>
    internal void Input(PacketBuffer packet, in Datagram about, int coverage)
    {
        // RFC 3828, section 3.3; udp_queue_rcv_one_skb of Linux.
        if (ReceiveCoverage is { } least && coverage < packet.Length + UdpDatagram.HeaderSize && (least == 0 || coverage < least))
        {
            Stack.Counters.UdpInErrors++;
            Stack.Pool.Return(packet);
            return;
        }

        // The filter sees the UDP header, which is in front of the first byte still.
        if (!Wants(packet.Data.AsSpan(packet.Start - UdpDatagram.HeaderSize, packet.Length + UdpDatagram.HeaderSize), packet, about.Destination.IsV4))
        {
            Stack.Pool.Return(packet);
            return;
        }

        if (Enqueue(packet, WantsHeaders && about.Header is null ? about with { Header = packet.CopyHeader() } : about))
        {
            Stack.Counters.UdpIn++;
        }
        else
        {
            Stack.Counters.UdpBufferErrors++;
        }
    }

    /// <summary>How well it fits to a datagram; -1 when not at all.</summary>
    /// <param name="local">To whom it was sent.</param>
    /// <param name="remote">Who sent it.</param>
    /// <param name="index">Through which interface it came; 0 when that does not matter.</param>
    internal int Score(Endpoint local, Endpoint remote, int index)
    {
        if (BoundInterface != 0 && index != 0 && BoundInterface != index)
        {
            return -1;
        }

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

            score += 4;
        }
        else if ((score == 0 && Local.Address.IsV4) || Addresses?.Contains(local.Address) == false)
        {
            return -1;
        }
        else if (Addresses is not null)
        {
            score += 2; // any address of a set goes before any address at all
        }

        if (Remote is { } peer)
        {
            if (peer.Address != remote.Address || peer.Port != remote.Port)
            {
                return -1;
            }

            score += 8;
        }

        return BoundInterface != 0 ? score + 16 : score;
    }

    /// <summary>True when it gets datagrams of this group or broadcast.</summary>
    internal bool TakesGroup(in Datagram about) =>
        (BoundInterface == 0 || BoundInterface == about.InterfaceIndex) && (Local.Address.IsUnspecified || Local.Address == about.Destination) && (IsV6 || about.Destination.IsV4)
        && !(IsV6Only && about.Destination.IsV4) && Hears(about.Destination, about.Source.Address, about.InterfaceIndex)
        && (Remote is not { } peer || (peer.Address == about.Source.Address && peer.Port == about.Source.Port));

    private protected override void OnClose()
    {
        DropHeld();
        _layer.SocketCount--;
        _layer.Ports.Remove(Local.Port, this);
    }
}
