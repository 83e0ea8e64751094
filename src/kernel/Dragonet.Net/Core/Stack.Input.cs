using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>IP packets that come in (RFC 791, RFC 8200, RFC 1122 section 3.2).</summary>
public sealed partial class Stack
{
    internal void Input(PacketBuffer packet)
    {
        Counters.IPInReceives++;
        var bytes = packet.Unfinished;
        if (bytes.Length > 0 && bytes[0] >> 4 == 4)
        {
            InputV4(packet);
        }
        else if (bytes.Length > 0 && bytes[0] >> 4 == 6)
        {
            InputV6(packet);
        }
        else
        {
            DropBadHeader(packet);
        }
    }

    private void DropBadHeader(PacketBuffer packet)
    {
        Counters.IPInHeaderErrors++;
        Pool.Return(packet);
    }

    private void InputV4(PacketBuffer packet)
    {
        if (!IPv4Packet.TryParse(packet.Unfinished, out var ip) || !(packet.IsLocal || ip.IsChecksumValid))
        {
            DropBadHeader(packet);
            return;
        }

        packet.Length = ip.TotalLength;
        if ((ip.MoreFragments || ip.FragmentOffset > 0) && Firewall is { IsTranslating: true } && !ip.Destination.IsMulticast)
        {
            InputFragment(ip, packet);
            return;
        }

        var header = new IPHeader(ip.Source, ip.Destination, ip.Protocol, ip.TimeToLive, ip.TrafficClass);
        if (!IsOurs(ref header, packet))
        {
            return;
        }

        var size = ip.HeaderLength;
        if (ip.MoreFragments || ip.FragmentOffset > 0)
        {
            var fragment = new FragmentInfo(header, ip.Identification, ip.FragmentOffset, ip.MoreFragments, size, size);
            if (Fragments.Add(fragment, packet) is not { } whole)
            {
                return;
            }

            packet = whole;
        }

        packet.TrimFront(size);
        Deliver(header, packet, size);
    }

    /// <summary>Only the first fragment of a packet says whose it is, so whoever translates addresses puts them together first (RFC 3022, section
    /// 6.3; RFC 4787, section 11): what comes out of that comes in as one packet.</summary>
    private void InputFragment(in IPv4Packet ip, PacketBuffer packet)
    {
        var header = new IPHeader(ip.Source, ip.Destination, ip.Protocol, ip.TimeToLive, ip.TrafficClass);
        var size = ip.HeaderLength;
        if (Fragments.Add(new FragmentInfo(header, ip.Identification, ip.FragmentOffset, ip.MoreFragments, size, size), packet) is not { } whole)
        {
            return;
        }

        // The header of the first one, made one of a packet that was never taken apart.
        var bytes = whole.Bytes;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)bytes.Length);
        bytes[6] = bytes[7] = bytes[10] = bytes[11] = 0;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(bytes[10..], InternetChecksum.Of(bytes[..size]));
        whole.WasFragmented = true;
        InputV4(whole);
    }

    private void InputV6(PacketBuffer packet)
    {
        if (packet.Input!.IsV6Disabled)
        {
            Counters.IPInAddressErrors++;
            Pool.Return(packet);
            return;
        }

        if (!IPv6Packet.TryParse(packet.Unfinished, out var ip))
        {
            DropBadHeader(packet);
            return;
        }

        packet.Length = IPv6Packet.HeaderSize + ip.PayloadLength;
        var header = new IPHeader(ip.Source, ip.Destination, ip.NextHeader, ip.HopLimit, ip.TrafficClass);
        if (!IsOurs(ref header, packet))
        {
            return;
        }

        var at = IPv6Packet.HeaderSize;
        var protocol = ip.NextHeader;
        var walk = ExtensionHeaders.Walk(packet.Unfinished, ref at, ref protocol, out var fragment);
        if (walk == ExtensionWalk.Broken)
        {
            DropBadHeader(packet);
            return;
        }

        header = header with { Protocol = protocol };
        if (walk == ExtensionWalk.Fragment)
        {
            var info = new FragmentInfo(header, fragment.Identification, fragment.Offset, fragment.More, at, at - IPv6Packet.FragmentHeaderSize);
            if (Fragments.Add(info, packet) is not { } whole)
            {
                return;
            }

            // Behind the fragment header there may be more of them, in the whole packet only.
            packet = whole;
            if (ExtensionHeaders.Walk(packet.Bytes, ref at, ref protocol, out _) != ExtensionWalk.Done)
            {
                DropBadHeader(packet);
                return;
            }

            header = header with { Protocol = protocol };
        }

        packet.TrimFront(at);
        Deliver(header, packet, at);
    }

    /// <summary>rp_filter (RFC 3704, section 2): answers would go out where the packet came in, or, with 2, out anywhere.</summary>
    private bool IsFromThere(in IPHeader header, Interface link) => !header.Source.IsV4 || header.Source.IsUnspecified
        || (Resolve(header.Source).Ok(out var back) && (link.ReversePath == 2 || back.Interface == link));

    /// <summary>Martian addresses (RFC 1812, section 5.3.7; RFC 4291, section 2.7): nobody is a group, and loopback stays at home.</summary>
    private bool IsPlausible(in IPHeader header, PacketBuffer packet) =>
        !header.Source.IsMulticast && !header.Source.IsLimitedBroadcast && (packet.Input!.ReversePath == 0 || packet.Input.IsLoopback || packet.IsEcho || IsFromThere(header, packet.Input))
        && (packet.Input!.IsLoopback || packet.IsEcho || !(header.Source.IsLoopback || header.Destination.IsLoopback || IsLocal(header.Source)));

    /// <summary>False for a packet that was dropped, or sent on.</summary>
    private bool IsOurs(ref IPHeader header, PacketBuffer packet)
    {
        if (!IsPlausible(header, packet) || !TranslateArriving(ref header, packet))
        {
            Counters.IPInAddressErrors++;
            Pool.Return(packet);
            return false;
        }

        if (header.Destination.IsMulticast && !Groups.Admits(packet.Input!, header.Destination, header.Source))
        {
            Pool.Return(packet); // a group that nobody here is in (RFC 1112, section 7.1)
            return false;
        }

        if (Options.Interceptor is not null && header.HopLimit <= 1 && !IsLocal(header.Destination) && !header.Destination.IsMulticast && !IsBroadcast(header.Destination))
        {
            // Who answers for others is a router still, and one hop of a traceroute (RFC 1812, section 5.3.1).
            Icmp.SendError(header, packet, 0, IcmpError.TimeExceeded);
            Pool.Return(packet);
            return false;
        }

        if (!IsForUs(header.Destination))
        {
            Forward(header, packet);
            return false;
        }

        return true;
    }

    private bool IsForUs(IPAddress destination) => IsLocal(destination) || destination.IsMulticast || IsBroadcast(destination) || Options.Interceptor is not null;

    /// <summary>Gives a packet to the protocol above; owns it. The IP header is still in front of its first byte.</summary>
    private void Deliver(in IPHeader header, PacketBuffer packet, int headerLength)
    {
        if (Firewall is { } firewall && firewall.Judge(FilterHook.Input, new FilterPacket(header, packet.Unfinished, packet.Input, null)) is not FilterVerdict.Accept and var verdict)
        {
            Refuse(header, packet, headerLength, verdict);
            return;
        }

        Counters.IPInDelivers++;
        (packet.HeaderStart, packet.HeaderLength) = (packet.Start - headerLength, headerLength);
        var isKnown = Raw.Deliver(header, packet, headerLength);
        switch (header.Protocol)
        {
            case IPProtocol.Tcp:
                Tcp.Input(header, packet, headerLength);
                break;
            case IPProtocol.Udp:
                Udp.Input(header, packet, headerLength);
                break;
            case IPProtocol.UdpLite:
                UdpLite.Input(header, packet, headerLength);
                break;
            case IPProtocol.Icmp when header.Source.IsV4:
            case IPProtocol.IcmpV6 when !header.Source.IsV4:
                Icmp.Input(header, packet);
                break;
            case IPProtocol.Igmp when header.Source.IsV4:
                InputIgmp(header, packet);
                break;
            case IPProtocol.NoNext:
                Pool.Return(packet);
                break;
            default:
                if (!isKnown)
                {
                    Counters.IPInUnknownProtocols++;
                    Icmp.SendError(header, packet, headerLength, IcmpError.ProtocolUnreachable);
                }

                Pool.Return(packet);
                break;
        }
    }

    /// <summary>True when it passes on what comes in through an interface.</summary>
    public bool IsRouter(Interface link, bool isV4) => link is null ? throw new ArgumentNullException(nameof(link)) : (isV4 ? link.ForwardsV4 : link.ForwardsV6 ?? Options.ForwardsV6) ?? Options.Forwards;

    /// <summary>A packet for somebody else: passed on when this stack is a router (RFC 1812), else dropped (RFC 1122, section 3.2.1.3).</summary>
    private void Forward(in IPHeader header, PacketBuffer packet)
    {
        if (!IsRouter(packet.Input!, header.Source.IsV4) || packet.IsLinkBroadcast || header.Source.IsLinkLocal || header.Destination.IsLinkLocal)
        {
            Counters.IPInAddressErrors++;
            Pool.Return(packet);
        }
        else if (header.HopLimit <= 1)
        {
            Icmp.SendError(header, packet, 0, IcmpError.TimeExceeded);
            Pool.Return(packet);
        }
        else if (!Resolve(header.Destination, 0, new RouteQuery(header.Source, 0, packet.Input)).Ok(out var path, out var error))
        {
            Counters.IPOutNoRoutes++;
            if (error != Errno.EINVAL) // a black hole says nothing (ip-route(8))
            {
                Icmp.SendError(header, packet, 0, error == Errno.EACCES ? IcmpError.Prohibited : error == Errno.EHOSTUNREACH ? IcmpError.HostUnreachable : IcmpError.NetworkUnreachable);
            }

            Pool.Return(packet);
        }
        else if (Options.MayForward is { } may && !may(packet.Input!, path.Interface))
        {
            Icmp.SendError(header, packet, 0, IcmpError.Prohibited);
            Pool.Return(packet);
        }
        else if (Firewall is { } firewall && JudgeForwarded(firewall, header, packet, path) is not FilterVerdict.Accept and var verdict)
        {
            Refuse(header, packet, 0, verdict);
        }
        else
        {
            ForwardTo(path, header, packet);
        }
    }

    /// <summary>The firewall does not let a packet pass; owns it.</summary>
    private void Refuse(in IPHeader header, PacketBuffer packet, int headerLength, FilterVerdict verdict)
    {
        if (verdict == FilterVerdict.Reject)
        {
            Icmp.SendError(header, packet, headerLength, IcmpError.PortUnreachable);
        }

        Pool.Return(packet);
    }

    private static FilterVerdict JudgeForwarded(Firewall firewall, in IPHeader header, PacketBuffer packet, in Path path)
    {
        var bytes = packet.Unfinished;
        var protocol = header.Protocol;
        var at = header.Source.IsV4 ? (bytes[0] & 0xf) * 4 : IPv6Packet.HeaderSize;
        var isLater = false;
        if (header.Source.IsV4)
        {
            isLater = IPv4Packet.TryParse(bytes, out var ip) && ip.FragmentOffset > 0;
        }
        else
        {
            var walk = ExtensionHeaders.Walk(bytes, ref at, ref protocol, out var fragment);
            if (walk == ExtensionWalk.Broken)
            {
                return FilterVerdict.Drop;
            }

            isLater = walk == ExtensionWalk.Fragment && fragment.Offset > 0;
        }

        return isLater ? FilterVerdict.Accept : firewall.Judge(FilterHook.Forward, new FilterPacket(header with { Protocol = protocol }, bytes[at..], packet.Input, path.Interface));
    }

    private void ForwardTo(in Path path, in IPHeader header, PacketBuffer packet)
    {
        var bytes = packet.Unfinished;
        if (bytes.Length > path.Mtu && !packet.WasFragmented)
        {
            // Routers do not fragment: always for IPv6 (RFC 8200, section 5), and here for IPv4 too, which path MTU discovery can tell.
            Icmp.SendError(header, packet, 0, IcmpError.PacketTooBig(path.Mtu));
            Pool.Return(packet);
            return;
        }

        var translated = header;
        if (!TranslateLeaving(ref translated, packet, path, isWhole: true))
        {
            Pool.Return(packet);
            return;
        }

        if (bytes.Length > path.Mtu)
        {
            packet.TrimFront((bytes[0] & 0xf) * 4);
            Counters.IPForwarded++;
            _ = Fragment(translated with { HopLimit = (byte)(header.HopLimit - 1) }, packet, path, path.Mtu, default);
            Pool.Return(packet);
            return;
        }

        if (header.Source.IsV4)
        {
            bytes[8]--;
            bytes[10] = bytes[11] = 0;
            System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(bytes[10..], InternetChecksum.Of(bytes[..((bytes[0] & 0xf) * 4)]));
        }
        else
        {
            bytes[7]--;
        }

        Counters.IPForwarded++;
        path.Interface.Output(packet, path.NextHop);
    }
}
