using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>IP packets that go out.</summary>
public sealed partial class Stack
{
    private uint _lastIdentification;

    /// <summary>Sends a payload; owns the packet. Longer ones than the link takes are fragmented, or refused (EMSGSIZE).</summary>
    /// <param name="header">Addresses, protocol, hop limit.</param>
    /// <param name="packet">The payload.</param>
    /// <param name="path">The way.</param>
    /// <param name="dontFragment">For path MTU discovery (RFC 1191).</param>
    /// <param name="echo">Whether members on this machine hear what is sent to a group (IP_MULTICAST_LOOP).</param>
    internal Errno Output(in IPHeader header, PacketBuffer packet, in Path path, bool dontFragment, bool echo = true)
    {
        Counters.IPOutRequests++;
        if (Firewall is { } firewall && firewall.Judge(FilterHook.Output, new FilterPacket(header, packet.Unfinished, null, path.Interface)) != FilterVerdict.Accept)
        {
            Pool.Return(packet);
            return Errno.EPERM; // as Linux says to who sends
        }

        return OutputTranslated(header, packet, path, dontFragment, echo);
    }

    private Errno OutputTranslated(IPHeader header, PacketBuffer packet, in Path path, bool dontFragment, bool echo)
    {
        if (!TranslateLeaving(ref header, packet, path, isWhole: false))
        {
            Pool.Return(packet);
            return Errno.EPERM;
        }

        if (header.Protocol != IPProtocol.Tcp && !path.Interface.IsLoopback && !Echo(header, packet, path, echo))
        {
            Pool.Return(packet);
            return Errno.OK;
        }

        var isV4 = header.Source.IsV4;
        if (packet.Options is { } options && (!options.IsEmpty(isV4) || (!isV4 && options.Mtu != 0)))
        {
            return OutputWithOptions(header, packet, options, path, dontFragment);
        }

        var size = isV4 ? IPv4Packet.MinimalHeader : IPv6Packet.HeaderSize;
        if (packet.Length + size > path.Mtu)
        {
            var error = dontFragment ? Errno.EMSGSIZE : Fragment(header, packet, path, path.Mtu, default);
            Pool.Return(packet);
            return error;
        }

        var length = packet.Length;
        if (header.Source.IsV4)
        {
            // Atomic packets need no identification of their own (RFC 6864, section 4.1).
            IPv4Packet.Write(packet.Prepend(size), header, length, dontFragment ? (ushort)0 : NextIdentification(), dontFragment ? IPv4Packet.DontFragmentFlag : (ushort)0);
        }
        else
        {
            IPv6Packet.Write(packet.Prepend(size), header, length, header.Protocol);
        }

        path.Interface.Output(packet, path.NextHop);
        return Errno.OK;
    }

    /// <summary>This machine hears what it sends to everybody, and to groups that it is in (RFC 1112, section 6.1; ip_mc_output of Linux). On lo
    /// everything comes back by itself.</summary>
    /// <returns>False for what does not leave the machine: groups with a hop limit of 0, and groups of one interface.</returns>
    private bool Echo(in IPHeader header, PacketBuffer packet, in Path path, bool echo)
    {
        var isGroup = header.Destination.IsMulticast;
        if (isGroup ? echo && Groups.Admits(path.Interface, header.Destination, header.Source) : IsBroadcast(header.Destination))
        {
            var size = header.Source.IsV4 ? IPv4Packet.MinimalHeader : IPv6Packet.HeaderSize;
            if (packet.Length + size <= ushort.MaxValue)
            {
                var copy = Pool.Copy(packet.Bytes);
                var length = copy.Length;
                if (header.Source.IsV4)
                {
                    IPv4Packet.Write(copy.Prepend(size), header, length, 0, 0);
                }
                else
                {
                    IPv6Packet.Write(copy.Prepend(size), header, length, header.Protocol);
                }

                (copy.Input, copy.IsEcho, copy.IsLocal) = (path.Interface, true, true);
                Loopback.Echo(copy);
            }
        }

        return !isGroup || (header.HopLimit > 0 && (header.Destination.IsV4 || (header.Destination.High >> 48 & 0xf) > 1));
    }

    /// <summary>Data went from one TCP connection to another without packets; they count as if they had passed lo.</summary>
    internal void CountHanded(int segments, int bytes, bool hasTimestamps, bool isV4)
    {
        Counters.TcpOutSegments += segments;
        Counters.TcpInSegments += segments;
        Counters.IPOutRequests += segments;
        Counters.IPInReceives += segments;
        Counters.IPInDelivers += segments;
        var headers = TcpSegment.MinimalHeader + (hasTimestamps ? 12 : 0) + (isV4 ? IPv4Packet.MinimalHeader : IPv6Packet.HeaderSize);
        var total = bytes + segments * headers;
        Loopback.Counters.SentPackets += segments;
        Loopback.Counters.ReceivedPackets += segments;
        Loopback.Counters.SentBytes += total;
        Loopback.Counters.ReceivedBytes += total;
    }

    private ushort NextIdentification()
    {
        _lastIdentification += 1 + (uint)(Options.Random() & 0xf);
        return (ushort)_lastIdentification;
    }

    /// <summary>Sends a payload in pieces; the packet stays the caller's.</summary>
    /// <param name="header">The header of all of them.</param>
    /// <param name="packet">The payload.</param>
    /// <param name="path">The way.</param>
    /// <param name="mtu">How large each may be.</param>
    /// <param name="front">Options of IPv4, or the hop-by-hop header of IPv6, which goes before the fragment header (RFC 8200, section 4.5).</param>
    private Errno Fragment(in IPHeader header, PacketBuffer packet, in Path path, int mtu, ReadOnlySpan<byte> front)
    {
        var isV4 = header.Source.IsV4;
        var headers = front.Length + (isV4 ? IPv4Packet.MinimalHeader : IPv6Packet.HeaderSize + IPv6Packet.FragmentHeaderSize);
        var piece = (mtu - headers) & ~7;
        if (packet.Length > (isV4 ? 65535 - headers : 65535) || piece < 8)
        {
            return Errno.EMSGSIZE;
        }

        var identification = isV4 ? NextIdentification() : (uint)Options.Random();
        for (var offset = 0; offset < packet.Length; offset += piece)
        {
            var length = Math.Min(piece, packet.Length - offset);
            var more = offset + length < packet.Length;
            var fragment = Pool.Rent(headers + length);
            packet.Bytes.Slice(offset, length).CopyTo(fragment.Bytes[headers..]);
            if (isV4)
            {
                var word = (ushort)(offset / 8 | (more ? IPv4Packet.MoreFragmentsFlag : 0));
                front = offset > 0 && !front.IsEmpty ? PacketOptions.OfLaterFragments(front) : front;
                IPv4Packet.Write(fragment.Bytes, header, length, (ushort)identification, word, front);
            }
            else
            {
                var bytes = fragment.Bytes;
                IPv6Packet.Write(bytes, header, headers - IPv6Packet.HeaderSize + length, front.IsEmpty ? IPProtocol.Fragment : IPProtocol.HopByHop);
                bytes = bytes[IPv6Packet.HeaderSize..];
                if (!front.IsEmpty)
                {
                    front.CopyTo(bytes);
                    bytes[0] = (byte)IPProtocol.Fragment;
                    bytes = bytes[front.Length..];
                }

                bytes[0] = (byte)header.Protocol;
                bytes[1] = 0;
                System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)(offset | (more ? 1 : 0)));
                System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], identification);
            }

            Counters.IPFragmented++;
            path.Interface.Output(fragment, path.NextHop);
        }

        return Errno.OK;
    }
}
