using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>What goes between the IP header of a packet and its payload, and how large it may be: options of IPv4 (RFC 791, section 3.1), extension
/// headers of IPv6 (RFC 8200, section 4). The firewall sees the payload behind them.</summary>
public sealed record PacketOptions
{
    /// <summary>IP_OPTIONS: a multiple of four bytes.</summary>
    public ReadOnlyMemory<byte> V4 { get; init; }

    /// <summary>IPV6_HOPOPTS: a whole header, or nothing. Its first byte is filled in.</summary>
    public ReadOnlyMemory<byte> HopByHop { get; init; }

    /// <summary>IPV6_DSTOPTS.</summary>
    public ReadOnlyMemory<byte> Destination { get; init; }

    /// <summary>IPV6_MTU: packets of IPv6 are no larger; 0 for what the way takes.</summary>
    public int Mtu { get; init; }

    /// <summary>There is nothing to put into a packet of this family.</summary>
    internal bool IsEmpty(bool isV4) => isV4 ? V4.IsEmpty : HopByHop.IsEmpty && Destination.IsEmpty;

    /// <summary>What each fragment has behind its fixed header.</summary>
    internal ReadOnlySpan<byte> Front(bool isV4) => (isV4 ? V4 : HopByHop).Span;

    /// <summary>The options for fragments behind the first: those without the flag "copied" become "no operation" (RFC 791, section 3.1; ip_options_fragment
    /// of Linux).</summary>
    internal static byte[] OfLaterFragments(ReadOnlySpan<byte> options)
    {
        var copied = options.ToArray();
        for (var at = 0; at < copied.Length && copied[at] != 0;)
        {
            var length = copied[at] == 1 || at + 1 >= copied.Length ? 1 : Math.Clamp((int)copied[at + 1], 1, copied.Length - at);
            if ((copied[at] & 0x80) == 0)
            {
                copied.AsSpan(at, length).Fill(1);
            }

            at += length;
        }

        return copied;
    }

    /// <summary>Reads an option area of IPv4 as a sender gives it: false for what is none, or what this stack does not send (source routes).</summary>
    public static bool AreGood(ReadOnlySpan<byte> options)
    {
        if (options.Length > 40)
        {
            return false;
        }

        while (!options.IsEmpty && options[0] != 0)
        {
            if (options[0] == 1)
            {
                options = options[1..];
                continue;
            }

            // Record route, timestamp, router alert, and numbers that nobody knows; no source routes (RFC 7126, section 4.3).
            if (options.Length < 2 || options[1] < 2 || options[1] > options.Length || options[0] is 131 or 137
                || (options[0] is 7 or 68 && (options[1] < 3 || options[2] < 4)))
            {
                return false;
            }

            options = options[options[1]..];
        }

        return true;
    }

    /// <summary>True for an extension header of options as a sender gives it: whole, and its options fit into it.</summary>
    public static bool IsHeader(ReadOnlySpan<byte> header)
    {
        if (header.Length < 8 || header.Length != (header[1] + 1) * 8)
        {
            return false;
        }

        for (var rest = header[2..]; !rest.IsEmpty;)
        {
            var length = rest[0] == 0 ? 1 : rest.Length < 2 ? int.MaxValue : 2 + rest[1];
            if (length > rest.Length)
            {
                return false;
            }

            rest = rest[length..];
        }

        return true;
    }

    /// <summary>The extension headers of a received packet: which, and their bytes.</summary>
    /// <param name="packet">From the fixed header of IPv6 on, up to the payload.</param>
    public static IEnumerable<(IPProtocol Kind, byte[] Header)> Read(byte[] packet)
    {
        ArgumentNullException.ThrowIfNull(packet);
        if (packet.Length < IPv6Packet.HeaderSize)
        {
            yield break;
        }

        var (at, kind) = (IPv6Packet.HeaderSize, (IPProtocol)packet[6]);
        while (at + 8 <= packet.Length && kind is IPProtocol.HopByHop or IPProtocol.Routing or IPProtocol.DestinationOptions or IPProtocol.Fragment)
        {
            var length = kind == IPProtocol.Fragment ? IPv6Packet.FragmentHeaderSize : Math.Min((packet[at + 1] + 1) * 8, packet.Length - at);
            yield return (kind, packet[at..(at + length)]);
            (at, kind) = (at + length, (IPProtocol)packet[at]);
        }
    }

    /// <summary>The flow label and traffic class of a received packet, as IPV6_FLOWINFO tells them.</summary>
    public static uint FlowInfo(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt32BigEndian(packet) & 0x0fff_ffff;
}
