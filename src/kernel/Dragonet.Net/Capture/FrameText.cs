using System.Buffers.Binary;
using System.Globalization;

namespace Dragonet.Net;

/// <summary>A frame or packet in one line, as tcpdump(8) prints them.</summary>
public static class FrameText
{
    /// <summary>Describes a frame.</summary>
    /// <param name="bytes">An Ethernet frame, or an IP packet.</param>
    /// <param name="isRaw">It is an IP packet.</param>
    public static string Describe(ReadOnlySpan<byte> bytes, bool isRaw)
    {
        if (isRaw)
        {
            return DescribePacket(bytes);
        }

        if (!EthernetFrame.TryParse(bytes, out var frame))
        {
            return Invariant($"short frame, {bytes.Length} bytes");
        }

        switch (frame.Type)
        {
            case EthernetFrame.TypeIPv4 or EthernetFrame.TypeIPv6:
                return DescribePacket(frame.Payload);
            case EthernetFrame.TypeArp when ArpPacket.TryParse(frame.Payload, out var arp):
                return arp.Operation == ArpPacket.Request ? $"ARP, who has {arp.Target}, tell {arp.Sender}" : $"ARP, {arp.Sender} is at {arp.SenderHardware}";
            case VlanTag.Type when VlanTag.Read(bytes) is { } vlan && bytes.Length > EthernetFrame.HeaderSize + VlanTag.Size:
                return Invariant($"VLAN {vlan}, {frame.Source} > {frame.Destination}, {bytes.Length} bytes");
            case < 0x600:
                return BridgeProtocolUnit.TryParse(bytes, out var unit)
                    ? Invariant($"STP, {(unit.IsNotice ? "topology change" : $"root {unit.Root:x16} cost {unit.Cost} bridge {unit.Bridge:x16} port {unit.Port:x4}")}")
                    : Invariant($"LLC, {frame.Source} > {frame.Destination}, {bytes.Length} bytes");
            default:
                return Invariant($"type {frame.Type:x4}, {frame.Source} > {frame.Destination}, {bytes.Length} bytes");
        }
    }

    private static string DescribePacket(ReadOnlySpan<byte> packet)
    {
        IPHeader header;
        ReadOnlySpan<byte> payload;
        var isFragment = false;
        if (IPv4Packet.TryParse(packet, out var v4))
        {
            header = new IPHeader(v4.Source, v4.Destination, v4.Protocol, v4.TimeToLive, v4.TrafficClass);
            payload = packet[v4.HeaderLength..v4.TotalLength];
            isFragment = v4.FragmentOffset > 0;
        }
        else if (IPv6Packet.TryParse(packet, out var v6))
        {
            header = new IPHeader(v6.Source, v6.Destination, v6.NextHeader, v6.HopLimit, v6.TrafficClass);
            payload = packet.Slice(IPv6Packet.HeaderSize, v6.PayloadLength);
        }
        else
        {
            return Invariant($"no IP packet, {packet.Length} bytes");
        }

        var name = header.Source.IsV4 ? "IP" : "IP6";
        if (!isFragment && header.Protocol == IPProtocol.Tcp && TcpSegment.TryParse(payload, out var tcp))
        {
            return Invariant($"{name} {header.Source}.{tcp.SourcePort} > {header.Destination}.{tcp.DestinationPort}: {Flags(tcp)} seq {tcp.Sequence} ack {tcp.Acknowledgment} win {tcp.Window} length {tcp.Payload.Length}");
        }

        if (!isFragment && header.Protocol == IPProtocol.Udp && payload.Length >= 8)
        {
            return Invariant($"{name} {header.Source}.{BinaryPrimitives.ReadUInt16BigEndian(payload)} > {header.Destination}.{BinaryPrimitives.ReadUInt16BigEndian(payload[2..])}: UDP length {payload.Length - 8}");
        }

        return header.Protocol is IPProtocol.Icmp or IPProtocol.IcmpV6 && !isFragment && payload.Length >= 4
            ? Invariant($"{name} {header.Source} > {header.Destination}: ICMP type {payload[0]} code {payload[1]} length {payload.Length}")
            : Invariant($"{name} {header.Source} > {header.Destination}: protocol {(int)header.Protocol}{(isFragment ? " fragment" : "")} length {payload.Length}");
    }

    private static string Flags(in TcpSegment segment) => "[" + string.Concat(
        segment.Has(TcpFlags.Syn) ? "S" : "", segment.Has(TcpFlags.Fin) ? "F" : "", segment.Has(TcpFlags.Rst) ? "R" : "", segment.Has(TcpFlags.Ack) ? "." : "") + "]";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
