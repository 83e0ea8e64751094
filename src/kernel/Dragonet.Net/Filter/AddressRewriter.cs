using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>Puts other addresses and ports into packets; checksums follow by the difference alone (RFC 1624), so that a wrong one stays wrong.</summary>
internal static class AddressRewriter
{
    /// <summary>Changes one end of an IP packet, in its header and in what is behind.</summary>
    /// <param name="packet">The packet, with its IP header.</param>
    /// <param name="at">Where the protocol above begins.</param>
    /// <param name="protocol">The protocol above.</param>
    /// <param name="old">The present end.</param>
    /// <param name="end">The new one.</param>
    /// <param name="isSource">Which end.</param>
    public static void Rewrite(Span<byte> packet, int at, IPProtocol protocol, Endpoint old, Endpoint end, bool isSource)
    {
        var isV4 = old.Address.IsV4;
        end.Address.Write(packet[(isV4 ? isSource ? 12 : 16 : isSource ? 8 : 24)..]);
        if (isV4)
        {
            packet[10] = packet[11] = 0;
            BinaryPrimitives.WriteUInt16BigEndian(packet[10..], InternetChecksum.Of(packet[..((packet[0] & 0xf) * 4)]));
        }

        RewritePayload(packet[at..], protocol, old, end, isSource);
    }

    /// <summary>The same for the payload alone.</summary>
    public static void RewritePayload(Span<byte> payload, IPProtocol protocol, Endpoint old, Endpoint end, bool isSource)
    {
        var checksum = protocol switch { IPProtocol.Tcp => 16, IPProtocol.Udp => 6, IPProtocol.Icmp or IPProtocol.IcmpV6 => 2, _ => -1 };
        if (checksum < 0 || payload.Length < 4)
        {
            return;
        }

        // The identifier of an echo is both ends' port.
        var port = protocol is IPProtocol.Tcp or IPProtocol.Udp ? isSource ? 0 : 2 : 4;
        var changed = payload.Length >= port + 2 && old.Port != end.Port;
        if (changed)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload[port..], end.Port);
        }

        if (payload.Length < checksum + 2)
        {
            return; // quoted by an error, which quotes the beginning
        }

        var present = BinaryPrimitives.ReadUInt16BigEndian(payload[checksum..]);
        if (protocol == IPProtocol.Udp && present == 0)
        {
            return; // it has none (RFC 768)
        }

        // RFC 1624, equation 3: ~(~HC + ~m + m').
        Span<byte> words = stackalloc byte[40];
        var count = 0;
        if (protocol != IPProtocol.Icmp)
        {
            old.Address.Write(words);
            end.Address.Write(words[20..]);
            count = old.Address.Size;
        }

        BinaryPrimitives.WriteUInt16BigEndian(words[count..], changed ? old.Port : (ushort)0);
        BinaryPrimitives.WriteUInt16BigEndian(words[(20 + count)..], changed ? end.Port : (ushort)0);
        var sum = (uint)(ushort)~present;
        for (var i = 0; i < count + 2; i += 2)
        {
            sum += (ushort)~BinaryPrimitives.ReadUInt16BigEndian(words[i..]) + (uint)BinaryPrimitives.ReadUInt16BigEndian(words[(20 + i)..]);
        }

        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        var result = (ushort)~sum;
        BinaryPrimitives.WriteUInt16BigEndian(payload[checksum..], protocol == IPProtocol.Udp && result == 0 ? (ushort)0xffff : result);
    }
}
