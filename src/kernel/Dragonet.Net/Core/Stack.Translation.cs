using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>Address translation by the firewall's rules: of what comes in before anybody asks whose it is, of what leaves at the very end.</summary>
public sealed partial class Stack
{
    /// <summary>A packet came in, with its IP header.</summary>
    /// <returns>False when it is to be dropped.</returns>
    private bool TranslateArriving(ref IPHeader header, PacketBuffer packet)
    {
        if (Firewall is not { IsTranslating: true } firewall || packet.Input!.IsLoopback || header.Destination.IsMulticast || IsBroadcast(header.Destination))
        {
            return true;
        }

        if (!FindTransport(header, packet.Bytes, out var protocol, out var at, out var isFragment))
        {
            return false;
        }

        if (isFragment)
        {
            // Of IPv6: only the first one has ports. For this machine they are put together, and are nobody else's then; others do not pass.
            return IsLocal(header.Destination);
        }

        var view = new FilterPacket(header with { Protocol = protocol }, packet.Bytes[at..], packet.Input, null);
        if (view.IsError)
        {
            TranslateError(firewall, ref header, packet, at, protocol);
            return true;
        }

        var old = new Endpoint(header.Destination, view.DestinationPort);
        if (firewall.Arrive(view) is not { } to)
        {
            return false;
        }

        if (to != old)
        {
            AddressRewriter.Rewrite(packet.Bytes, at, protocol, old, to, isSource: false);
            header = header with { Destination = to.Address };
        }

        return true;
    }

    /// <summary>A packet leaves.</summary>
    /// <param name="header">Its IP header.</param>
    /// <param name="packet">The packet.</param>
    /// <param name="path">Its way.</param>
    /// <param name="isWhole">The IP header is in the packet.</param>
    /// <returns>False when it is to be dropped.</returns>
    private bool TranslateLeaving(ref IPHeader header, PacketBuffer packet, in Path path, bool isWhole)
    {
        if (Firewall is not { IsTranslating: true } firewall || path.Interface.IsLoopback || header.Destination.IsMulticast || IsBroadcast(header.Destination))
        {
            return true;
        }

        var (protocol, at, isFragment) = (header.Protocol, 0, false);
        if (isWhole && !FindTransport(header, packet.Bytes, out protocol, out at, out isFragment))
        {
            return false;
        }

        var view = new FilterPacket(header with { Protocol = protocol }, packet.Bytes[at..], packet.Input, path.Interface);
        if (isFragment || view.IsError || IsNeighbourDiscovery(view))
        {
            return true;
        }

        var old = new Endpoint(header.Source, view.SourcePort);
        if (firewall.Leave(view, path.NextHop) is not { } from)
        {
            return false;
        }

        if (from != old)
        {
            if (isWhole)
            {
                AddressRewriter.Rewrite(packet.Bytes, at, protocol, old, from, isSource: true);
            }
            else
            {
                AddressRewriter.RewritePayload(packet.Bytes, protocol, old, from, isSource: true);
            }

            header = header with { Source = from.Address };
        }

        return true;
    }

    private static bool IsNeighbourDiscovery(in FilterPacket packet) => packet.Header.Protocol == IPProtocol.IcmpV6 && packet.Payload.Length > 0 && packet.Payload[0] is >= 130 and <= 137;

    /// <summary>An error about a packet that was translated goes to whoever sent it, about what he sent (RFC 5508, section 4).</summary>
    private static void TranslateError(Firewall firewall, ref IPHeader header, PacketBuffer packet, int at, IPProtocol protocol)
    {
        var quotedAt = at + 8;
        var bytes = packet.Bytes;
        if (bytes.Length < quotedAt + 1 || !TryReadQuoted(bytes[quotedAt..], out var inner, out var innerAt) || inner.Source.IsV4 != header.Source.IsV4)
        {
            return;
        }

        var quoted = new FilterPacket(inner, bytes[(quotedAt + innerAt)..], null, null);
        if (quoted.IsError || firewall.FindQuoted(quoted.Flow) is not { } ends)
        {
            return;
        }

        var (source, destination) = (new Endpoint(inner.Source, quoted.SourcePort), new Endpoint(inner.Destination, quoted.DestinationPort));
        if (source == ends.Source && destination == ends.Destination)
        {
            return;
        }

        var hasPorts = quoted.HasPorts;
        AddressRewriter.Rewrite(bytes[quotedAt..], innerAt, inner.Protocol, source, ends.Source, isSource: true);
        AddressRewriter.Rewrite(bytes[quotedAt..], innerAt, inner.Protocol, hasPorts ? destination : destination with { Port = ends.Source.Port }, hasPorts ? ends.Destination : ends.Destination with { Port = ends.Source.Port }, isSource: false);
        var isFromThere = header.Source == inner.Destination;
        AddressRewriter.Rewrite(bytes, at, IPProtocol.NoNext, new Endpoint(header.Destination, 0), new Endpoint(ends.Source.Address, 0), isSource: false);
        header = header with { Destination = ends.Source.Address };
        if (isFromThere)
        {
            AddressRewriter.Rewrite(bytes, at, IPProtocol.NoNext, new Endpoint(header.Source, 0), new Endpoint(ends.Destination.Address, 0), isSource: true);
            header = header with { Source = ends.Destination.Address };
        }

        bytes = bytes[at..];
        bytes[2] = bytes[3] = 0;
        var sum = protocol == IPProtocol.IcmpV6 ? InternetChecksum.AddPseudoHeader(header.Source, header.Destination, protocol, bytes.Length) : 0;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], InternetChecksum.Finish(InternetChecksum.Add(bytes, sum)));
    }

    private static bool TryReadQuoted(ReadOnlySpan<byte> quoted, out IPHeader header, out int at)
    {
        (header, at) = (default, 0);
        if (quoted.Length >= IPv4Packet.MinimalHeader && quoted[0] >> 4 == 4)
        {
            header = new IPHeader(IPAddress.FromBytes(quoted.Slice(12, 4)), IPAddress.FromBytes(quoted.Slice(16, 4)), (IPProtocol)quoted[9]);
            at = (quoted[0] & 0xf) * 4;
        }
        else if (quoted.Length >= IPv6Packet.HeaderSize && quoted[0] >> 4 == 6)
        {
            header = new IPHeader(IPAddress.FromBytes(quoted.Slice(8, 16)), IPAddress.FromBytes(quoted.Slice(24, 16)), (IPProtocol)quoted[6]);
            at = IPv6Packet.HeaderSize;
        }

        return at >= IPv4Packet.MinimalHeader && at <= quoted.Length;
    }

    /// <summary>Where the protocol above IP begins in a packet; false when the headers are broken.</summary>
    private static bool FindTransport(in IPHeader header, ReadOnlySpan<byte> bytes, out IPProtocol protocol, out int at, out bool isFragment)
    {
        protocol = header.Protocol;
        if (header.Source.IsV4)
        {
            at = (bytes[0] & 0xf) * 4;
            isFragment = IPv4Packet.TryParse(bytes, out var ip) && (ip.MoreFragments || ip.FragmentOffset > 0);
            return true;
        }

        at = IPv6Packet.HeaderSize;
        protocol = (IPProtocol)bytes[6];
        var walk = ExtensionHeaders.Walk(bytes, ref at, ref protocol, out _);
        isFragment = walk == ExtensionWalk.Fragment;
        return walk != ExtensionWalk.Broken;
    }
}
