using System.Buffers.Binary;
using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>A stack that answers for addresses that are not its own (<see cref="StackOptions.Interceptor"/>).</summary>
public sealed partial class Stack
{
    /// <summary>Connections to others that were accepted: accept them here. It listens on no port. Null without an interceptor.</summary>
    public TcpSocket? Intercepted { get; }

    /// <summary>Answers a call that was made to wait; nothing when it is not there any more.</summary>
    public void AnswerSyn(Endpoint from, Endpoint to, SynVerdict verdict) => Tcp.AnswerHeld(from, to, verdict);

    /// <summary>Sends a datagram in somebody else's name.</summary>
    public Errno SendDatagramAs(Endpoint from, Endpoint to, ReadOnlySpan<byte> data)
    {
        if (!Resolve(to.Address, to.Scope).Ok(out var path, out var error))
        {
            return error;
        }

        var packet = Pool.Rent(UdpDatagram.HeaderSize + data.Length);
        data.CopyTo(packet.Bytes[UdpDatagram.HeaderSize..]);
        UdpDatagram.Write(packet.Bytes, from, to);
        Counters.UdpOut++;
        return Output(new IPHeader(from.Address, to.Address, IPProtocol.Udp), packet, path, dontFragment: false);
    }

    /// <summary>Answers an echo request in somebody else's name.</summary>
    /// <param name="from">Whose.</param>
    /// <param name="to">Who asked.</param>
    /// <param name="message">The reply's ICMP message; its type and checksum are filled in.</param>
    public Errno SendEchoReplyAs(IPAddress from, IPAddress to, ReadOnlySpan<byte> message)
    {
        if (!Resolve(to).Ok(out var path, out var error))
        {
            return error;
        }

        var packet = Pool.Copy(message);
        packet.Bytes[0] = from.IsV4 ? IcmpLayer.EchoReplyV4 : IcmpLayer.EchoReplyV6;
        return Icmp.Send(from, to, packet, path, 64);
    }

    /// <summary>Tells a sender that its datagram or echo request did not arrive.</summary>
    /// <param name="protocol">UDP (17), ICMP (1) or ICMPv6 (58).</param>
    /// <param name="from">Who sent.</param>
    /// <param name="to">To whom.</param>
    /// <param name="why">ECONNREFUSED: nobody listens there. ENETUNREACH, EHOSTUNREACH: no way. Else: it is not allowed.</param>
    public void SendUnreachable(int protocol, Endpoint from, Endpoint to, Errno why)
    {
        // What of the packet is quoted: enough to find the socket (RFC 792).
        var packet = Pool.Rent(8);
        var bytes = packet.Bytes;
        bytes.Clear();
        if (protocol == (int)IPProtocol.Udp)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes, from.Port);
            BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], to.Port);
            BinaryPrimitives.WriteUInt16BigEndian(bytes[4..], UdpDatagram.HeaderSize);
        }
        else
        {
            bytes[0] = protocol == (int)IPProtocol.Icmp ? IcmpLayer.EchoRequestV4 : IcmpLayer.EchoRequestV6;
            BinaryPrimitives.WriteUInt16BigEndian(bytes[4..], from.Port);
        }

        var header = new IPHeader(from.Address, to.Address, (IPProtocol)protocol);
        var size = from.Address.IsV4 ? IPv4Packet.MinimalHeader : IPv6Packet.HeaderSize;
        if (from.Address.IsV4)
        {
            IPv4Packet.Write(packet.Prepend(size), header, 8, 0, 0);
        }
        else
        {
            IPv6Packet.Write(packet.Prepend(size), header, 8, header.Protocol);
        }

        packet.TrimFront(size);
        Icmp.SendError(header, packet, size, why switch
        {
            Errno.ECONNREFUSED => IcmpError.PortUnreachable,
            Errno.ENETUNREACH => IcmpError.NetworkUnreachable,
            Errno.EHOSTUNREACH => IcmpError.HostUnreachable,
            _ => IcmpError.Prohibited,
        });
        Pool.Return(packet);
    }
}
