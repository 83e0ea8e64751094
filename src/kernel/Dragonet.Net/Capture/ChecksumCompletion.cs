using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>Computes the checksums of TCP that lo leaves out, for whoever looks at a packet.</summary>
internal static class ChecksumCompletion
{
    /// <summary>Writes the checksum of a whole IP packet with TCP in it; leaves others as they are.</summary>
    public static void Complete(Span<byte> packet)
    {
        IPAddress source, destination;
        int at, length;
        if (IPv4Packet.TryParse(packet, out var v4))
        {
            if (v4.Protocol != IPProtocol.Tcp || v4.MoreFragments || v4.FragmentOffset > 0)
            {
                return;
            }

            (source, destination, at, length) = (v4.Source, v4.Destination, v4.HeaderLength, v4.TotalLength - v4.HeaderLength);
        }
        else if (IPv6Packet.TryParse(packet, out var v6) && v6.NextHeader == IPProtocol.Tcp)
        {
            (source, destination, at, length) = (v6.Source, v6.Destination, IPv6Packet.HeaderSize, v6.PayloadLength);
        }
        else
        {
            return;
        }

        var segment = packet.Slice(at, length);
        if (segment.Length >= TcpSegment.MinimalHeader && BinaryPrimitives.ReadUInt16BigEndian(segment[16..]) == 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(segment[16..], InternetChecksum.Finish(
                InternetChecksum.Add(segment, InternetChecksum.AddPseudoHeader(source, destination, IPProtocol.Tcp, length))));
        }
    }
}
