using System.Buffers.Binary;
using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>ICMP and ICMPv6 (RFC 792, RFC 4443): echo, and errors that are sent and received.</summary>
internal sealed class IcmpLayer(Stack stack)
{
    private const int HeaderSize = 8;
    internal const byte EchoReplyV4 = 0;
    internal const byte EchoRequestV4 = 8;
    internal const byte EchoRequestV6 = 128;
    internal const byte EchoReplyV6 = 129;
    private const int ErrorsPerSecond = 1000; // net.ipv4.icmp_msgs_per_sec

    private readonly Dictionary<(bool IsV6, ushort Identifier), PingSocket> _sockets = [];
    private long _errorSecond;
    private int _errorsInSecond;

    /// <summary>Open ping sockets.</summary>
    public int SocketCount { get; private set; }

    internal Stack Stack => stack;

    /// <summary>A message came; owns the packet.</summary>
    public void Input(in IPHeader header, PacketBuffer packet)
    {
        var bytes = packet.Bytes;
        stack.Counters.IcmpInMessages++;
        var isV4 = header.Source.IsV4;
        var pseudo = isV4 ? 0 : InternetChecksum.AddPseudoHeader(header.Source, header.Destination, IPProtocol.IcmpV6, bytes.Length);
        if (bytes.Length < HeaderSize || InternetChecksum.Finish(InternetChecksum.Add(bytes, pseudo)) != 0)
        {
            stack.Counters.IcmpInErrors++;
            stack.Pool.Return(packet);
            return;
        }

        var type = bytes[0];
        if (type == (isV4 ? EchoRequestV4 : EchoRequestV6))
        {
            if (stack.Options.Interceptor is { } interceptor && !stack.IsLocal(header.Destination) && !header.Destination.IsMulticast && !stack.IsBroadcast(header.Destination))
            {
                interceptor.OnEcho(header.Source, header.Destination, bytes);
                stack.Pool.Return(packet);
                return;
            }

            Reply(header, packet);
            return;
        }

        if (type == (isV4 ? EchoReplyV4 : EchoReplyV6))
        {
            var identifier = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
            if (_sockets.TryGetValue((!isV4, identifier), out var socket))
            {
                socket.Input(header, packet);
                return;
            }
        }
        else if (isV4 ? type is 3 or 11 or 12 : type is >= 1 and <= 4)
        {
            InputError(header, packet, isV4);
        }
        else if (!isV4 && type is 130 or 131)
        {
            stack.InputMld(header, packet);
        }
        else if (!isV4 && header.HopLimit == 255 && packet.Input is EthernetInterface link)
        {
            link.InputNeighbour(header, bytes); // what a router has passed on has a smaller limit (RFC 4861, section 7.1)
        }

        stack.Pool.Return(packet);
    }

    /// <summary>Tells the sender of a packet that it was not delivered. The packet stays the caller's.</summary>
    /// <param name="header">The packet's.</param>
    /// <param name="packet">What is left of it.</param>
    /// <param name="headerLength">How much was taken from its front.</param>
    /// <param name="error">What is wrong.</param>
    public void SendError(in IPHeader header, PacketBuffer packet, int headerLength, in IcmpError error)
    {
        packet.CompleteChecksum();

        // RFC 1122, section 3.2.2; RFC 4443, section 2.4 (e): never about errors, groups, or senders that are nobody.
        var isV4 = header.Source.IsV4;
        var payload = packet.Data.AsSpan(packet.Start, packet.Length);
        if (header.Source.IsUnspecified || header.Destination.IsMulticast || stack.IsBroadcast(header.Destination) || packet.IsLinkBroadcast
            || (header.Protocol == IPProtocol.Icmp && (payload.IsEmpty || payload[0] is not (EchoRequestV4 or EchoReplyV4)))
            || (header.Protocol == IPProtocol.IcmpV6 && (payload.IsEmpty || payload[0] < 128))
            || !stack.Resolve(header.Source, packet.Input?.Index ?? 0).Ok(out var path) || !MayReport())
        {
            return;
        }

        // As much of the packet as fits: 576 bytes in all for IPv4 (RFC 1812, section 4.3.2.3), 1280 for IPv6.
        var original = packet.Data.AsSpan(packet.Start - headerLength, packet.Length + headerLength);
        original = original[..Math.Min(original.Length, isV4 ? 576 - 28 : 1280 - 48)];
        var message = stack.Pool.Rent(HeaderSize + original.Length);
        var bytes = message.Bytes;
        bytes[0] = isV4 ? error.TypeV4 : error.TypeV6;
        bytes[1] = isV4 ? error.CodeV4 : error.CodeV6;
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], isV4 && error.TypeV4 == 3 && error.CodeV4 == 2 ? 0 : error.Information);
        original.CopyTo(bytes[HeaderSize..]);
        var source = stack.IsLocal(header.Destination) ? header.Destination : path.Source;
        Send(source, header.Source, message, path, 64);
    }

    /// <summary>A packet that was to go out has no way: its sender, here or elsewhere, is told.</summary>
    internal void ReportUnreachable(PacketBuffer packet)
    {
        if (IPv4Packet.TryParse(packet.Bytes, out var v4))
        {
            Report(new IPHeader(v4.Source, v4.Destination, v4.Protocol), packet, v4.HeaderLength);
        }
        else if (IPv6Packet.TryParse(packet.Bytes, out var v6))
        {
            Report(new IPHeader(v6.Source, v6.Destination, v6.NextHeader), packet, IPv6Packet.HeaderSize);
        }

        void Report(in IPHeader header, PacketBuffer about, int length)
        {
            about.TrimFront(length);
            SendError(header, about, length, IcmpError.HostUnreachable);
        }
    }

    /// <summary>Completes the checksum and sends a message; owns it.</summary>
    internal Errno Send(IPAddress source, IPAddress destination, PacketBuffer message, in Path path, byte hopLimit, byte trafficClass = 0, bool echo = true, bool dontFragment = false, uint flowLabel = 0)
    {
        var bytes = message.Bytes;
        bytes[2] = bytes[3] = 0;
        var protocol = source.IsV4 ? IPProtocol.Icmp : IPProtocol.IcmpV6;
        var pseudo = source.IsV4 ? 0 : InternetChecksum.AddPseudoHeader(source, destination, protocol, bytes.Length);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], InternetChecksum.Finish(InternetChecksum.Add(bytes, pseudo)));
        stack.Counters.IcmpOutMessages++;
        return stack.Output(new IPHeader(source, destination, protocol, hopLimit, trafficClass) { FlowLabel = flowLabel }, message, path, dontFragment, echo);
    }

    internal void Open() => SocketCount++;

    internal bool Bind(PingSocket socket, ushort identifier) => _sockets.TryAdd((socket.IsV6, identifier), socket);

    internal void Close(PingSocket socket)
    {
        SocketCount--;
        if (_sockets.GetValueOrDefault((socket.IsV6, socket.Local.Port)) == socket)
        {
            _ = _sockets.Remove((socket.IsV6, socket.Local.Port));
        }
    }

    private void Reply(in IPHeader header, PacketBuffer packet)
    {
        // RFC 1122, section 3.2.2.6: to a broadcast or group, silence is allowed.
        if (!stack.IsLocal(header.Destination) || !stack.Resolve(header.Source, packet.Input!.Index).Ok(out var path))
        {
            stack.Pool.Return(packet);
            return;
        }

        packet.Bytes[0] = header.Source.IsV4 ? EchoReplyV4 : EchoReplyV6;
        _ = Send(header.Destination, header.Source, packet, path, 64, header.TrafficClass);
    }

    /// <summary>An error about a packet that this stack sent: the protocol above finds its socket by what is quoted.</summary>
    private void InputError(in IPHeader outer, PacketBuffer packet, bool isV4)
    {
        ReadOnlySpan<byte> message = packet.Bytes;
        var quoted = message[HeaderSize..];
        IPHeader header;
        if (isV4)
        {
            // The quoted packet is cut short, so its total length is of no use.
            if (quoted.Length < IPv4Packet.MinimalHeader || quoted[0] >> 4 != 4 || (quoted[0] & 0xf) * 4 is var size && (size < IPv4Packet.MinimalHeader || quoted.Length < size + 8))
            {
                return;
            }

            header = new IPHeader(IPAddress.FromBytes(quoted.Slice(12, 4)), IPAddress.FromBytes(quoted.Slice(16, 4)), (IPProtocol)quoted[9]);
            quoted = quoted[((quoted[0] & 0xf) * 4)..];
        }
        else
        {
            if (quoted.Length < IPv6Packet.HeaderSize + 8 || quoted[0] >> 4 != 6)
            {
                return;
            }

            var at = IPv6Packet.HeaderSize;
            var protocol = (IPProtocol)quoted[6];
            if (ExtensionHeaders.Walk(quoted, ref at, ref protocol, out _) == ExtensionWalk.Broken || quoted.Length < at + 8)
            {
                return;
            }

            header = new IPHeader(IPAddress.FromBytes(quoted.Slice(8, 16)), IPAddress.FromBytes(quoted.Slice(24, 16)), protocol);
            quoted = quoted[at..];
        }

        var (error, isHard) = isV4 ? ErrorV4(message[0], message[1]) : ErrorV6(message[0], message[1]);
        var mtu = isV4 ? message[0] == 3 && message[1] == 4 ? BinaryPrimitives.ReadUInt16BigEndian(message[6..]) : 0
            : message[0] == 2 ? (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(message[4..]), 65535) : 0;
        var local = new Endpoint(header.Source, BinaryPrimitives.ReadUInt16BigEndian(quoted));
        var remote = new Endpoint(header.Destination, BinaryPrimitives.ReadUInt16BigEndian(quoted[2..]));
        var about = new Datagram(
            new Endpoint(outer.Source, 0, outer.Source.IsLinkLocal ? packet.Input!.Index : 0), outer.Destination, 0, packet.Input!.Index, outer.HopLimit, outer.TrafficClass, packet.ReceivedAt);
        var notice = new IcmpNotice(error, isHard, message[0], message[1], mtu, about);
        stack.Raw.InputError(header, notice, quoted);
        switch (header.Protocol)
        {
            case IPProtocol.Tcp:
                stack.Tcp.InputError(local, remote, BinaryPrimitives.ReadUInt32BigEndian(quoted[4..]), notice, quoted);
                break;
            case IPProtocol.Udp:
                stack.Udp.InputError(local, remote, notice, quoted[UdpDatagram.HeaderSize..]);
                break;
            case IPProtocol.UdpLite:
                stack.UdpLite.InputError(local, remote, notice, quoted[UdpDatagram.HeaderSize..]);
                break;
            case IPProtocol.Icmp or IPProtocol.IcmpV6 when quoted[0] == (isV4 ? EchoRequestV4 : EchoRequestV6)
                && _sockets.TryGetValue((!isV4, BinaryPrimitives.ReadUInt16BigEndian(quoted[4..])), out var socket):
                socket.Fail(notice, new Endpoint(header.Destination, 0), quoted); // with its ICMP header (ping_err of Linux)
                break;
        }
    }

    /// <summary>The errno of ICMP errors, and whether it ends what has no connection yet (icmp(7); ip(7)).</summary>
    private static (Errno Error, bool IsHard) ErrorV4(byte type, byte code) => type switch
    {
        3 => code switch
        {
            0 or 6 or 8 or 11 => (Errno.ENETUNREACH, false),
            2 => (Errno.ENOPROTOOPT, true),
            3 => (Errno.ECONNREFUSED, true),
            4 => (Errno.EMSGSIZE, false),
            9 or 10 or 13 => (Errno.EHOSTUNREACH, true),
            _ => (Errno.EHOSTUNREACH, false),
        },
        12 => (Errno.EPROTO, true),
        _ => (Errno.EHOSTUNREACH, false),
    };

    private static (Errno Error, bool IsHard) ErrorV6(byte type, byte code) => type switch
    {
        1 => code switch
        {
            0 => (Errno.ENETUNREACH, false),
            1 => (Errno.EACCES, true),
            4 => (Errno.ECONNREFUSED, true),
            _ => (Errno.EHOSTUNREACH, false),
        },
        2 => (Errno.EMSGSIZE, false),
        4 => (Errno.EPROTO, true),
        _ => (Errno.EHOSTUNREACH, false),
    };

    private bool MayReport()
    {
        var second = stack.Now / 1_000_000_000;
        if (second != _errorSecond)
        {
            (_errorSecond, _errorsInSecond) = (second, 0);
        }

        return ++_errorsInSecond <= ErrorsPerSecond;
    }
}
