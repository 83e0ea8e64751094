using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>What rules look at.</summary>
internal readonly ref struct FilterPacket
{
    /// <summary>Takes a packet apart.</summary>
    /// <param name="header">Its IP header; the protocol is that behind extension headers.</param>
    /// <param name="payload">What is behind; empty for what is not the first fragment.</param>
    /// <param name="from">Where it came in.</param>
    /// <param name="to">Where it leaves.</param>
    public FilterPacket(in IPHeader header, ReadOnlySpan<byte> payload, Interface? from, Interface? to)
    {
        Header = header;
        Payload = payload;
        In = from;
        Out = to;
        if (header.Protocol is IPProtocol.Tcp or IPProtocol.Udp && payload.Length >= 4)
        {
            HasPorts = true;
            SourcePort = BinaryPrimitives.ReadUInt16BigEndian(payload);
            DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(payload[2..]);
        }
        else if (header.Protocol is IPProtocol.Icmp or IPProtocol.IcmpV6 && payload.Length >= 8 && payload[0] is 0 or 8 or 128 or 129)
        {
            SourcePort = DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(payload[4..]); // the identifier: a conversation of pings
        }
    }

    public IPHeader Header { get; }

    public ReadOnlySpan<byte> Payload { get; }

    public Interface? In { get; }

    public Interface? Out { get; }

    public bool HasPorts { get; }

    public ushort SourcePort { get; }

    public ushort DestinationPort { get; }

    public FilterFlow Flow => new(Header.Protocol, Header.Source, SourcePort, Header.Destination, DestinationPort);

    /// <summary>True for ICMP that tells of an error (RFC 792, RFC 4443).</summary>
    public bool IsError => Payload.Length > 0
        && (Header.Protocol == IPProtocol.Icmp ? Payload[0] is 3 or 4 or 5 or 11 or 12 : Header.Protocol == IPProtocol.IcmpV6 && Payload[0] is >= 1 and <= 4);
}
