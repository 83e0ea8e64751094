using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Linux.Inet;
using Dragonet.Linux.Tun;
using Dragonet.Net;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>Interfaces (rtnetlink(7), "RTM_NEWLINK"). Inside the stack.</summary>
internal static class LinkMessages
{
    private const int StatisticsSize = 24 * 8; // struct rtnl_link_stats64

    public static Errno Get(in RouteRequest request)
    {
        if (request.IsDump)
        {
            if (request.Family == (byte)AddressFamily.AF_BRIDGE)
            {
                return BridgePortMessages.List(request);
            }

            // Which kind and of which bridge: ip(8) leaves the choice to the kernel (rtnl_dump_ifinfo of Linux).
            var wanted = request.Attributes<ifinfomsg>();
            var (kind, master) = (wanted.Inside(Netlink.IFLA_LINKINFO).Text(Netlink.IFLA_INFO_KIND), wanted.Number(Netlink.IFLA_MASTER));
            foreach (var link in request.Stack.Interfaces)
            {
                if ((kind is not null && KindOf(link) != kind) || (master is > 0 && (link as EthernetInterface)?.Port?.Bridge.Interface.Index != master))
                {
                    continue;
                }

                request.Answers.Add(Describe(link, Netlink.RTM_NEWLINK, request.Header, request.Port, Netlink.NLM_F_MULTI));
            }

            return Errno.OK;
        }

        if (Find(request, out var found) is not Errno.OK and var error)
        {
            return error;
        }

        request.Answers.Add(Describe(found!, Netlink.RTM_NEWLINK, request.Header, request.Port, 0));
        return Errno.OK;
    }

    /// <summary>ip link set. The order is that of do_setlink of Linux; what was done stays when something later is refused.</summary>
    public static Errno Change(ref RouteRequest request)
    {
        if (Find(request, out var link) is not Errno.OK and var error)
        {
            if (error == Errno.EINVAL && request.Header.nlmsg_type == Netlink.RTM_NEWLINK && request.TryRead(out ifinfomsg _))
            {
                error = Errno.ENODEV; // neither number nor name: by this ip(8) finds out that there is RTM_NEWLINK
            }

            return error;
        }

        if (request.Has(Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL))
        {
            return Errno.EEXIST;
        }

        return Apply(ref request, link!);
    }

    /// <summary>Gives an interface what a message says of it.</summary>
    public static Errno Apply(ref RouteRequest request, Interface link)
    {
        var attributes = request.Attributes<ifinfomsg>();
        var error = Errno.OK;
        if (attributes.TryGet(Netlink.IFLA_ADDRESS, out var hardware))
        {
            error = LinkChanges.SetHardware(request.Network, link, hardware);
        }

        if (error == Errno.OK && attributes.Number(Netlink.IFLA_MTU) is { } mtu)
        {
            error = LinkChanges.SetMtu(request.Network, link, mtu, out var reason);
            if (reason is not null)
            {
                return request.Refuse(error, reason);
            }
        }

        if (error == Errno.OK && attributes.Number(Netlink.IFLA_TXQLEN) is { } length)
        {
            error = LinkChanges.SetQueueLength(request.Network, link, length);
        }

        _ = request.TryRead(out ifinfomsg body);
        if (error == Errno.OK && body.ifi_index != 0 && attributes.Text(Netlink.IFLA_IFNAME) is { Length: > 0 } name)
        {
            error = LinkChanges.Rename(request.Network, link, name);
        }

        if (error == Errno.OK && attributes.Number(Netlink.IFLA_MASTER) is { } master)
        {
            error = LinkChanges.SetMaster(request.Network, link, master);
        }

        if (error == Errno.OK && link is EthernetInterface { Bridge: { } bridge })
        {
            error = SetBridge(attributes.Inside(Netlink.IFLA_LINKINFO).Inside(Netlink.IFLA_INFO_DATA), bridge);
        }

        // Older programs set flags without ifi_change.
        if (error == Errno.OK && (body.ifi_flags != 0 || body.ifi_change != 0))
        {
            var changed = body.ifi_change == 0 ? uint.MaxValue : body.ifi_change;
            error = LinkChanges.SetFlags(request.Network, link, body.ifi_flags, changed);
        }

        return error;
    }

    /// <summary>What ip(8) calls the type; null for lo and what comes from outside.</summary>
    private static string? KindOf(Interface link) => link.Driver is TunLink ? "tun"
        : link is not EthernetInterface ethernet ? null
        : ethernet.Bridge is not null ? "bridge"
        : ethernet.Pair is not null ? "veth"
        : ethernet.Vlan is not null ? "vlan"
        : ethernet.LeadsNowhere ? "dummy" : null;

    /// <summary>The fixed part of a message about an interface.</summary>
    public static ifinfomsg Head(Interface link) => new()
    {
        ifi_type = InterfaceRequests.TypeOf(link),
        ifi_index = link.Index,
        ifi_flags = InterfaceRequests.FlagsOf(link) | (InterfaceRequests.IsRunning(link) ? Netlink.IFF_LOWER_UP : 0),
    };

    public static byte[] Describe(Interface link, ushort type, in nlmsghdr about, uint port, ushort flags)
    {
        var hardware = new byte[EthernetAddress.Size];
        link.HardwareAddress?.Write(hardware);
        var message = new NetlinkMessage(about, type, flags, port).Add(Head(link));
        _ = message.Add(Netlink.IFLA_IFNAME, link.Name)
            .Add(Netlink.IFLA_TXQLEN, link.QueueLength)
            .Add(Netlink.IFLA_OPERSTATE, [!InterfaceRequests.IsRunning(link) ? (byte)2 : link is EthernetInterface ? (byte)6 : (byte)0]) // lo says "unknown" when up
            .Add(Netlink.IFLA_LINKMODE, [0])
            .Add(Netlink.IFLA_MTU, link.Mtu)
            .Add(Netlink.IFLA_GROUP, 0)
            .Add(Netlink.IFLA_NUM_TX_QUEUES, 1)
            .Add(Netlink.IFLA_NUM_RX_QUEUES, 1)
            .Add(Netlink.IFLA_CARRIER, [link.HasCarrier ? (byte)1 : (byte)0])
            .Add(Netlink.IFLA_QDISC, "noqueue");
        if (link.HardwareAddress is not null)
        {
            var everybody = new byte[EthernetAddress.Size];
            everybody.AsSpan().Fill(link.IsLoopback ? (byte)0 : byte.MaxValue);
            _ = message.Add(Netlink.IFLA_ADDRESS, hardware).Add(Netlink.IFLA_BROADCAST, everybody);
        }

        if (link is EthernetInterface ethernet)
        {
            AddPlace(message, ethernet);
        }
        else if (link.Driver is TunLink tun)
        {
            _ = message.Nest(Netlink.IFLA_LINKINFO, inside => Describe(inside.Add(Netlink.IFLA_INFO_KIND, "tun"), tun));
        }

        return message.Add(Netlink.IFLA_STATS64, Statistics(link.Counters)).Finish();
    }

    /// <summary>br_changelink of Linux: what of groups a bridge does. It asks nobody itself (EOPNOTSUPP for mcast_querier 1).</summary>
    private static Errno SetBridge(NetlinkAttributes data, Bridge bridge)
    {
        if (data.TryGet(Netlink.IFLA_BR_MCAST_QUERIER, out var querier) && querier is [not 0, ..])
        {
            return Errno.EOPNOTSUPP;
        }

        if (data.TryGet(Netlink.IFLA_BR_MCAST_SNOOPING, out var snooping) && snooping is [var on, ..])
        {
            bridge.IsSnooping = on != 0;
        }

        if (data.Number(Netlink.IFLA_BR_MCAST_HASH_MAX) is { } most)
        {
            bridge.MaxGroups = (int)Math.Clamp((long)(uint)most, 0, int.MaxValue);
        }

        return Errno.OK;
    }

    /// <summary>Of what kind it is, what bridge it is a port of, and which interface here is at its other end.</summary>
    private static void AddPlace(NetlinkMessage message, EthernetInterface link)
    {
        if (link.Pair?.PeerOf(link) is { } peer && peer.IsAttached && link.Stack.FindInterface(peer.Index) == peer)
        {
            _ = message.Add(Netlink.IFLA_LINK, peer.Index);
        }

        if (link.Vlan is { } vlan)
        {
            _ = message.Add(Netlink.IFLA_LINK, vlan.Lower.Index);
        }

        if (link.Port is { } port)
        {
            _ = message.Add(Netlink.IFLA_MASTER, port.Bridge.Interface.Index);
        }

        if (KindOf(link) is { } kind)
        {
            _ = message.Nest(Netlink.IFLA_LINKINFO, inside =>
            {
                _ = inside.Add(Netlink.IFLA_INFO_KIND, kind);
                if (link.Vlan is { } own)
                {
                    _ = inside.Nest(Netlink.IFLA_INFO_DATA, data => data
                        .Add(Netlink.IFLA_VLAN_PROTOCOL, [0x81, 0])
                        .Add(Netlink.IFLA_VLAN_ID, [(byte)own.Number, (byte)(own.Number >> 8)])
                        .Add(Netlink.IFLA_VLAN_FLAGS, [1, 0, 0, 0, 255, 255, 255, 255])); // VLAN_FLAG_REORDER_HDR
                }

                if (link.Bridge is { } bridge)
                {
                    _ = inside.Nest(Netlink.IFLA_INFO_DATA, data => data
                        .Add(Netlink.IFLA_BR_MCAST_SNOOPING, [bridge.IsSnooping ? (byte)1 : (byte)0])
                        .Add(Netlink.IFLA_BR_MCAST_QUERIER, [0])
                        .Add(Netlink.IFLA_BR_MCAST_HASH_MAX, bridge.MaxGroups));
                }

                if (link.Driver is TunLink tun)
                {
                    Describe(inside, tun);
                }

                if (link.Port is not null)
                {
                    _ = inside.Add(Netlink.IFLA_INFO_SLAVE_KIND, "bridge");
                }
            });
        }
    }

    /// <summary>tun_fill_info of Linux.</summary>
    private static void Describe(NetlinkMessage message, TunLink tun) => _ = message.Nest(Netlink.IFLA_INFO_DATA, data =>
    {
        _ = data.Add(Netlink.IFLA_TUN_TYPE, [tun.IsTap ? (byte)TunNumbers.IFF_TAP : (byte)TunNumbers.IFF_TUN]);
        if (tun.Owner is { } owner)
        {
            _ = data.Add(Netlink.IFLA_TUN_OWNER, (int)owner);
        }

        if (tun.Group is { } group)
        {
            _ = data.Add(Netlink.IFLA_TUN_GROUP, (int)group);
        }

        _ = data.Add(Netlink.IFLA_TUN_PI, [tun.HasHead ? (byte)1 : (byte)0])
            .Add(Netlink.IFLA_TUN_VNET_HDR, [0])
            .Add(Netlink.IFLA_TUN_PERSIST, [tun.IsPersistent ? (byte)1 : (byte)0])
            .Add(Netlink.IFLA_TUN_MULTI_QUEUE, [0]);
    });

    private static byte[] Statistics(InterfaceCounters counters)
    {
        var bytes = new byte[StatisticsSize];
        var words = MemoryMarshal.Cast<byte, long>(bytes.AsSpan());
        (words[0], words[1], words[2], words[3]) = (counters.ReceivedPackets, counters.SentPackets, counters.ReceivedBytes, counters.SentBytes);
        (words[4], words[7]) = (counters.ReceiveErrors, counters.SendDrops);
        return bytes;
    }

    /// <summary>The interface that a message is about: by number, or by name.</summary>
    private static Errno Find(in RouteRequest request, out Interface? link)
    {
        link = null;
        if (!request.TryRead(out ifinfomsg body))
        {
            return Errno.EINVAL;
        }

        var attributes = request.Attributes<ifinfomsg>();
        var name = attributes.Text(Netlink.IFLA_IFNAME) ?? attributes.Text(Netlink.IFLA_ALT_IFNAME);
        if (body.ifi_index == 0 && name is null)
        {
            return Errno.EINVAL;
        }

        link = body.ifi_index != 0 ? request.Find(body.ifi_index) : request.Stack.Interfaces.FirstOrDefault(link => link.Name == name);
        return link is null ? Errno.ENODEV : Errno.OK;
    }
}
