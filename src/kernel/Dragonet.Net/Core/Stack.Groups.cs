using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>Messages about groups (IGMP, MLD): they have the router alert option (RFC 2113, RFC 2711) and stay on their link.</summary>
public sealed partial class Stack
{
    private readonly GroupReports _reports;

    /// <summary>Sends one.</summary>
    internal void SendToRouters(Interface link, IPAddress source, in GroupMessage message)
    {
        var packet = Pool.Copy(message.Bytes);
        var protocol = message.IsV4 ? IPProtocol.Igmp : IPProtocol.IcmpV6;
        var header = new IPHeader(source, message.To, protocol, 1, message.IsV4 ? (byte)0xc0 : (byte)0); // internetwork control
        var length = packet.Length;
        if (!message.IsV4)
        {
            var bytes = packet.Bytes;
            var sum = InternetChecksum.AddPseudoHeader(source, message.To, protocol, length);
            BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], InternetChecksum.Finish(InternetChecksum.Add(bytes, sum)));
        }

        if (Firewall is { } firewall && firewall.Judge(FilterHook.Output, new FilterPacket(header, packet.Bytes, null, link)) != FilterVerdict.Accept)
        {
            Pool.Return(packet);
            return;
        }

        Counters.IPOutRequests++;
        if (message.IsV4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(packet.Prepend(4), 0x94040000);
            var bytes = packet.Prepend(IPv4Packet.MinimalHeader);
            IPv4Packet.Write(bytes, header, length + 4, 0, IPv4Packet.DontFragmentFlag);
            bytes = packet.Bytes[..(IPv4Packet.MinimalHeader + 4)];
            bytes[0] = 0x46;
            bytes[10] = bytes[11] = 0;
            BinaryPrimitives.WriteUInt16BigEndian(bytes[10..], InternetChecksum.Of(bytes));
        }
        else
        {
            // Next header, length, router alert for MLD, and two bytes of padding.
            BinaryPrimitives.WriteUInt64BigEndian(packet.Prepend(8), (ulong)IPProtocol.IcmpV6 << 56 | 0x0502_0000_0100);
            IPv6Packet.Write(packet.Prepend(IPv6Packet.HeaderSize), header, length + 8, IPProtocol.HopByHop);
        }

        link.Output(packet, message.To);
    }

    /// <summary>An IGMP message came; owns the packet.</summary>
    private void InputIgmp(in IPHeader header, PacketBuffer packet)
    {
        if (InternetChecksum.Of(packet.Bytes) == 0)
        {
            _reports.Input(packet.Input!, header, packet.Bytes);
        }

        Pool.Return(packet);
    }

    /// <summary>An MLD message came, whose checksum is right.</summary>
    internal void InputMld(in IPHeader header, PacketBuffer packet) => _reports.Input(packet.Input!, header, packet.Bytes);
}
