using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>Walks over the extension headers of IPv6 (RFC 8200, section 4).</summary>
internal static class ExtensionHeaders
{
    /// <summary>Most headers of one packet (RFC 9673 asks for a limit).</summary>
    private const int MaxHeaders = 8;

    /// <summary>Goes on until the payload or behind a fragment header.</summary>
    /// <param name="packet">The whole packet.</param>
    /// <param name="at">Where the next header begins.</param>
    /// <param name="protocol">What it is.</param>
    /// <param name="fragment">The fragment header's fields.</param>
    public static ExtensionWalk Walk(ReadOnlySpan<byte> packet, ref int at, ref IPProtocol protocol, out (uint Identification, int Offset, bool More) fragment)
    {
        fragment = default;
        for (var count = 0; count < MaxHeaders; count++)
        {
            if (protocol is not (IPProtocol.HopByHop or IPProtocol.Routing or IPProtocol.DestinationOptions or IPProtocol.Fragment))
            {
                return ExtensionWalk.Done;
            }

            var rest = packet[at..];
            if (rest.Length < 8 || (protocol == IPProtocol.HopByHop && at != IPv6Packet.HeaderSize))
            {
                return ExtensionWalk.Broken;
            }

            var length = protocol == IPProtocol.Fragment ? IPv6Packet.FragmentHeaderSize : (rest[1] + 1) * 8;
            if (length > rest.Length || (protocol == IPProtocol.Routing && rest[3] != 0))
            {
                // A routing header with segments left is for routers that know its type (RFC 8200, section 4.4; type 0: RFC 5095).
                return ExtensionWalk.Broken;
            }

            var isFragment = protocol == IPProtocol.Fragment;
            if (!isFragment && protocol != IPProtocol.Routing && !AreOptionsAcceptable(rest[2..length]))
            {
                return ExtensionWalk.Broken;
            }

            at += length;
            protocol = (IPProtocol)rest[0];
            if (isFragment)
            {
                var word = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
                fragment = (BinaryPrimitives.ReadUInt32BigEndian(rest[4..]), word & 0xfff8, (word & 1) != 0);
                return ExtensionWalk.Fragment;
            }
        }

        return ExtensionWalk.Broken;
    }

    /// <summary>The two highest bits of an unknown option say what to do with it; 00 is to skip it (RFC 8200, section 4.2).</summary>
    private static bool AreOptionsAcceptable(ReadOnlySpan<byte> options)
    {
        while (!options.IsEmpty)
        {
            if (options[0] == 0)
            {
                options = options[1..];
                continue;
            }

            if (options.Length < 2 || options.Length < 2 + options[1] || (options[0] >> 6 != 0 && options[0] != 0xc2))
            {
                return false;
            }

            options = options[(2 + options[1])..];
        }

        return true;
    }
}
