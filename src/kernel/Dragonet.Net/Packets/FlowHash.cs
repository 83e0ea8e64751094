namespace Dragonet.Net;

/// <summary>A number by which frames of one conversation are known.</summary>
internal static class FlowHash
{
    /// <summary>It is the same for both directions; 0 for what is not IP.</summary>
    /// <param name="stack">Whose secret it is made with.</param>
    /// <param name="packet">From the network header on.</param>
    public static ulong Of(Stack stack, ReadOnlySpan<byte> packet)
    {
        if (IPv4Packet.TryParse(packet, out var v4))
        {
            var isPart = v4.MoreFragments || v4.FragmentOffset > 0;
            return Of(stack, v4.Source, v4.Destination, isPart ? default : PortsOf(v4.Protocol, packet[v4.HeaderLength..]));
        }

        return IPv6Packet.TryParse(packet, out var v6) ? Of(stack, v6.Source, v6.Destination, PortsOf(v6.NextHeader, packet[IPv6Packet.HeaderSize..])) : 0;
    }

    private static ulong Of(Stack stack, IPAddress one, IPAddress two, (ushort One, ushort Two) ports)
    {
        var isFirst = (one.High, one.Low, ports.One).CompareTo((two.High, two.Low, ports.Two)) <= 0;
        return stack.Hash.Of(isFirst ? new TcpKey(one, ports.One, two, ports.Two) : new TcpKey(two, ports.Two, one, ports.One), 7);
    }

    private static (ushort One, ushort Two) PortsOf(IPProtocol protocol, ReadOnlySpan<byte> payload) =>
        protocol is IPProtocol.Tcp or IPProtocol.Udp or IPProtocol.UdpLite && payload.Length >= 4
            ? (System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(payload), System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(payload[2..])) : default;
}
