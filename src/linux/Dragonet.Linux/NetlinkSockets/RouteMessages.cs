using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Dragonet.Abi;
using Dragonet.Linux.Inet;
using Dragonet.Net;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>What rtnetlink(7) tells: interfaces, addresses, routes. Inside the stack.</summary>
internal static class RouteMessages
{
    private const int StatisticsSize = 24 * 8; // struct rtnl_link_stats64

    /// <summary>The answer to a request: all of a kind (NLM_F_DUMP), or one.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="header">The request's header.</param>
    /// <param name="body">What is behind it.</param>
    /// <param name="port">The socket that asked.</param>
    /// <param name="answers">Receives the messages.</param>
    public static Errno Answer(Stack stack, in nlmsghdr header, ReadOnlySpan<byte> body, uint port, List<byte[]> answers)
    {
        var isDump = (header.nlmsg_flags & Netlink.NLM_F_DUMP) != 0;
        var family = body.IsEmpty ? (byte)0 : body[0];
        switch (header.nlmsg_type)
        {
            case Netlink.RTM_GETLINK:
                return Links(stack, header, body, port, isDump, answers);
            case Netlink.RTM_GETADDR when isDump:
                Addresses(stack, header, family, port, answers);
                return Errno.OK;
            case Netlink.RTM_GETROUTE when isDump:
                Routes(stack, header, family, port, answers);
                return Errno.OK;
            case Netlink.RTM_GETNEIGH when isDump:
                return Errno.OK; // lo has no neighbours
            default:
                return Errno.EOPNOTSUPP;
        }
    }

    private static Errno Links(Stack stack, in nlmsghdr header, ReadOnlySpan<byte> body, uint port, bool isDump, List<byte[]> answers)
    {
        if (isDump)
        {
            foreach (var link in stack.Interfaces)
            {
                answers.Add(Describe(link, header, port, Netlink.NLM_F_MULTI));
            }

            return Errno.OK;
        }

        if (body.Length < Marshal.SizeOf<ifinfomsg>())
        {
            return Errno.EINVAL;
        }

        var index = MemoryMarshal.Read<ifinfomsg>(body).ifi_index;
        var name = FindName(body[16..]);
        var found = index != 0 ? stack.FindInterface(index) : name is null ? null : stack.FindInterface(name);
        if (found is null)
        {
            return index == 0 && name is null ? Errno.EINVAL : Errno.ENODEV;
        }

        answers.Add(Describe(found, header, port, 0));
        return Errno.OK;
    }

    private static byte[] Describe(Interface link, in nlmsghdr header, uint port, ushort flags)
    {
        var hardware = new byte[EthernetAddress.Size];
        link.HardwareAddress?.Write(hardware);
        var message = new NetlinkMessage(header, Netlink.RTM_NEWLINK, flags, port).Add(new ifinfomsg
        {
            ifi_type = InterfaceRequests.TypeOf(link),
            ifi_index = link.Index,
            ifi_flags = InterfaceRequests.FlagsOf(link) | (link.IsUp ? Netlink.IFF_LOWER_UP : 0),
        });
        _ = message.Add(Netlink.IFLA_IFNAME, link.Name)
            .Add(Netlink.IFLA_TXQLEN, 1000)
            .Add(Netlink.IFLA_OPERSTATE, [!link.IsUp ? (byte)2 : link is EthernetInterface ? (byte)6 : (byte)0]) // lo says "unknown" when up
            .Add(Netlink.IFLA_LINKMODE, [0])
            .Add(Netlink.IFLA_MTU, link.Mtu)
            .Add(Netlink.IFLA_GROUP, 0)
            .Add(Netlink.IFLA_NUM_TX_QUEUES, 1)
            .Add(Netlink.IFLA_NUM_RX_QUEUES, 1)
            .Add(Netlink.IFLA_CARRIER, [1])
            .Add(Netlink.IFLA_QDISC, "noqueue");
        if (link.HardwareAddress is not null)
        {
            var everybody = new byte[EthernetAddress.Size];
            everybody.AsSpan().Fill(link.IsLoopback ? (byte)0 : byte.MaxValue);
            _ = message.Add(Netlink.IFLA_ADDRESS, hardware).Add(Netlink.IFLA_BROADCAST, everybody);
        }

        return message.Add(Netlink.IFLA_STATS64, Statistics(link.Counters)).Finish();
    }

    private static byte[] Statistics(InterfaceCounters counters)
    {
        var bytes = new byte[StatisticsSize];
        var words = MemoryMarshal.Cast<byte, long>(bytes.AsSpan());
        (words[0], words[1], words[2], words[3]) = (counters.ReceivedPackets, counters.SentPackets, counters.ReceivedBytes, counters.SentBytes);
        (words[4], words[7]) = (counters.ReceiveErrors, counters.SendDrops);
        return bytes;
    }

    private static void Addresses(Stack stack, in nlmsghdr header, byte family, uint port, List<byte[]> answers)
    {
        Span<byte> forever = stackalloc byte[16]; // struct ifa_cacheinfo: preferred and valid for ever
        forever[..8].Fill(0xff);
        forever[8..].Clear();
        foreach (var link in stack.Interfaces)
        {
            foreach (var prefix in link.Addresses)
            {
                if (!IsOf(prefix.Address, family))
                {
                    continue;
                }

                var message = new NetlinkMessage(header, Netlink.RTM_NEWADDR, Netlink.NLM_F_MULTI, port).Add(new ifaddrmsg
                {
                    ifa_family = FamilyOf(prefix.Address),
                    ifa_prefixlen = (byte)prefix.Length,
                    ifa_flags = Netlink.IFA_F_PERMANENT,
                    ifa_scope = prefix.Address.IsLoopback ? Netlink.RT_SCOPE_HOST : prefix.Address.IsLinkLocal ? Netlink.RT_SCOPE_LINK : Netlink.RT_SCOPE_UNIVERSE,
                    ifa_index = (uint)link.Index,
                });
                var bytes = BytesOf(prefix.Address);
                _ = message.Add(Netlink.IFA_ADDRESS, bytes);
                if (prefix.Address.IsV4)
                {
                    _ = message.Add(Netlink.IFA_LOCAL, bytes).Add(Netlink.IFA_LABEL, link.Name);
                    if (!link.IsLoopback && prefix.DirectedBroadcast is { } broadcast)
                    {
                        _ = message.Add(Netlink.IFA_BROADCAST, BytesOf(broadcast));
                    }
                }

                answers.Add(message.Add(Netlink.IFA_FLAGS, Netlink.IFA_F_PERMANENT).Add(Netlink.IFA_CACHEINFO, forever).Finish());
            }
        }
    }

    /// <summary>The main table; then the local one, which is made of the addresses.</summary>
    private static void Routes(Stack stack, in nlmsghdr header, byte family, uint port, List<byte[]> answers)
    {
        foreach (var route in stack.Routes.All)
        {
            // What leads to lo is local, but for ::1, which Linux shows in the main table too.
            if (IsOf(route.Destination.Address, family) && !(route.Interface.IsLoopback && route.Destination.Address.IsV4))
            {
                answers.Add(Describe(route, Netlink.RT_TABLE_MAIN, Netlink.RTN_UNICAST, header, port));
            }
        }

        foreach (var link in stack.Interfaces)
        {
            foreach (var prefix in link.Addresses)
            {
                if (!IsOf(prefix.Address, family))
                {
                    continue;
                }

                if (link.IsLoopback && prefix.Address.IsV4)
                {
                    answers.Add(Describe(new Route(prefix.Network, link, null, prefix.Address), Netlink.RT_TABLE_LOCAL, Netlink.RTN_LOCAL, header, port));
                }

                var own = new Route(new Prefix(prefix.Address, prefix.Address.Bits), link, null, prefix.Address);
                answers.Add(Describe(own, Netlink.RT_TABLE_LOCAL, Netlink.RTN_LOCAL, header, port));
            }
        }
    }

    private static byte[] Describe(Route route, byte table, byte type, in nlmsghdr header, uint port)
    {
        var isV4 = route.Destination.Address.IsV4;
        var message = new NetlinkMessage(header, Netlink.RTM_NEWROUTE, Netlink.NLM_F_MULTI, port).Add(new rtmsg
        {
            rtm_family = FamilyOf(route.Destination.Address),
            rtm_dst_len = (byte)route.Destination.Length,
            rtm_table = table,
            rtm_protocol = route.Gateway is null ? Netlink.RTPROT_KERNEL : Netlink.RTPROT_BOOT,
            rtm_scope = !isV4 || route.Gateway is not null ? Netlink.RT_SCOPE_UNIVERSE : type == Netlink.RTN_LOCAL ? Netlink.RT_SCOPE_HOST : Netlink.RT_SCOPE_LINK,
            rtm_type = type,
        });
        _ = message.Add(Netlink.RTA_TABLE, table);
        if (route.Destination.Length > 0)
        {
            _ = message.Add(Netlink.RTA_DST, BytesOf(route.Destination.Address));
        }

        if (!isV4)
        {
            _ = message.Add(Netlink.RTA_PRIORITY, type == Netlink.RTN_LOCAL ? 0 : Math.Max(route.Metric, 256));
        }
        else if (route.Metric != 0)
        {
            _ = message.Add(Netlink.RTA_PRIORITY, route.Metric);
        }

        if (route.Gateway is { } gateway)
        {
            _ = message.Add(Netlink.RTA_GATEWAY, BytesOf(gateway));
        }

        if (isV4 && route.Source is { } source)
        {
            _ = message.Add(Netlink.RTA_PREFSRC, BytesOf(source));
        }

        _ = message.Add(Netlink.RTA_OIF, route.Interface.Index);
        return (isV4 ? message : message.Add(Netlink.RTA_PREF, [0])).Finish();
    }

    /// <summary>IFLA_IFNAME among attributes, or null.</summary>
    private static string? FindName(ReadOnlySpan<byte> attributes)
    {
        while (attributes.Length >= 4)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(attributes);
            if (length < 4 || length > attributes.Length)
            {
                return null;
            }

            if (BinaryPrimitives.ReadUInt16LittleEndian(attributes[2..]) == Netlink.IFLA_IFNAME)
            {
                return Encoding.ASCII.GetString(attributes[4..length]).TrimEnd('\0');
            }

            attributes = attributes[Math.Min((length + 3) & ~3, attributes.Length)..];
        }

        return null;
    }

    private static bool IsOf(IPAddress address, byte family) => family == 0 || family == FamilyOf(address);

    private static byte FamilyOf(IPAddress address) => (byte)(address.IsV4 ? AddressFamily.AF_INET : AddressFamily.AF_INET6);

    private static byte[] BytesOf(IPAddress address)
    {
        var bytes = new byte[address.Size];
        address.Write(bytes);
        return bytes;
    }
}
