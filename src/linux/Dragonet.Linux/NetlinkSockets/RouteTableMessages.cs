using Dragonet.Abi;
using Dragonet.Net;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>Routes (rtnetlink(7), "RTM_NEWROUTE"). The local table is made of the addresses; all others can be changed.
/// Inside the stack.</summary>
internal static class RouteTableMessages
{
    private const uint LocalFlag = 0x80000000; // RTCF_LOCAL

    /// <summary>The local table comes last.</summary>
    public static Errno List(in RouteRequest request)
    {
        var (header, port, family) = (request.Header, request.Port, request.Family);
        foreach (var route in request.Stack.Routes.All)
        {
            if (IsOf(route.Destination.Address, family) && IsShown(route, request.Stack))
            {
                request.Answers.Add(Describe(route, Netlink.RTM_NEWROUTE, Netlink.RT_TABLE_MAIN, TypeOf(route.Kind), header, port, Netlink.NLM_F_MULTI));
            }
        }

        foreach (var link in request.Stack.Interfaces.Where(link => link.IsUp))
        {
            foreach (var prefix in link.Addresses)
            {
                if (!IsOf(prefix.Address, family) || !request.Network.Shows(prefix.Address))
                {
                    continue;
                }

                if (link.IsLoopback && prefix.Address.IsV4 && prefix.Length < prefix.Address.Bits)
                {
                    Local(request, new Route(prefix.Network, link, null, prefix.Address), Netlink.RTN_LOCAL);
                }

                Local(request, new Route(new Prefix(prefix.Address, prefix.Address.Bits), link, null, prefix.Address), Netlink.RTN_LOCAL);
                if (prefix.DirectedBroadcast is { } broadcast)
                {
                    Local(request, new Route(new Prefix(broadcast, 32), link, null, prefix.Address), Netlink.RTN_BROADCAST);
                }
            }
        }

        return Errno.OK;
    }

    /// <summary>ip route get.</summary>
    public static Errno Get(ref RouteRequest request)
    {
        if (request.ReadRoute(out var body, out var isV4) is not Errno.OK and var wrong)
        {
            return wrong;
        }

        var attributes = request.Attributes<rtmsg>();
        var stack = request.Stack;
        var to = attributes.Address(Netlink.RTA_DST, isV4) ?? (isV4 ? IPAddress.AnyV4 : IPAddress.AnyV6);
        var query = new RouteQuery(attributes.Address(Netlink.RTA_SRC, isV4), (uint)(attributes.Number(Netlink.RTA_MARK) ?? 0), attributes.Number(Netlink.RTA_IIF) is { } input ? request.Find(input) : null);
        if (!stack.Resolve(to, attributes.Number(Netlink.RTA_OIF) ?? 0, query).Ok(out var path, out var error))
        {
            return error;
        }

        var type = path.Interface.IsLoopback ? Netlink.RTN_LOCAL : to.IsMulticast ? Netlink.RTN_MULTICAST
            : stack.IsBroadcast(to) ? Netlink.RTN_BROADCAST : Netlink.RTN_UNICAST;
        var table = isV4 || type == Netlink.RTN_UNICAST ? Netlink.RT_TABLE_MAIN : Netlink.RT_TABLE_LOCAL;
        var message = new NetlinkMessage(request.Header, Netlink.RTM_NEWROUTE, 0, request.Port).Add(new rtmsg
        {
            rtm_family = body.rtm_family,
            rtm_dst_len = (byte)to.Bits,
            rtm_table = table,
            rtm_type = type,
            rtm_flags = Netlink.RTM_F_CLONED | (type == Netlink.RTN_LOCAL ? LocalFlag : 0),
        });
        _ = message.Add(Netlink.RTA_TABLE, (int)table).Add(Netlink.RTA_DST, BytesOf(to)).Add(Netlink.RTA_OIF, path.Interface.Index);
        if (path.NextHop != to)
        {
            _ = message.Add(Netlink.RTA_GATEWAY, BytesOf(path.NextHop));
        }

        _ = message.Add(Netlink.RTA_PREFSRC, BytesOf(attributes.Address(Netlink.RTA_SRC, isV4) ?? path.Source));
        if (isV4)
        {
            _ = message.Add(Netlink.RTA_UID, attributes.Number(Netlink.RTA_UID) ?? (int)request.Caller.Credentials.EffectiveUid);
        }

        MetricAttributes.Write(message, path.Metrics);
        request.Answers.Add(message.Add(Netlink.RTA_CACHEINFO, new byte[32]).Finish());
        return Errno.OK;
    }

    /// <summary>ip route add, replace, change, append.</summary>
    public static Errno Add(ref RouteRequest request)
    {
        if (RouteParser.Parse(ref request, isNew: true, out var wanted) is not Errno.OK and var error)
        {
            return error;
        }

        var route = wanted.Route!;
        var table = request.Stack.Routes;
        var same = table.All.FirstOrDefault(other => other.Destination == route.Destination && other.Table == route.Table && other.Metric == route.Metric && other.Protocol != Netlink.RTPROT_KERNEL);
        if (same is not null && request.Has(Netlink.NLM_F_EXCL))
        {
            return Errno.EEXIST;
        }

        if (same is null && !request.Has(Netlink.NLM_F_CREATE))
        {
            return Errno.ENOENT;
        }

        if (same is not null && request.Has(Netlink.NLM_F_REPLACE))
        {
            _ = table.Remove(same);
        }
        else if (same == route)
        {
            return Errno.EEXIST;
        }

        table.Add(route);
        request.Network.Events.Route(route, isGone: false);
        return Errno.OK;
    }

    /// <summary>ip route del: the first that fits to everything that was said.</summary>
    public static Errno Delete(ref RouteRequest request)
    {
        if (RouteParser.Parse(ref request, isNew: false, out var wanted) is not Errno.OK and var error)
        {
            return error;
        }

        var found = request.Stack.Routes.All.FirstOrDefault(wanted.Fits);
        if (found is null || !request.Stack.Routes.Remove(found))
        {
            return Errno.ESRCH;
        }

        request.Network.Events.Route(found, isGone: true);
        return Errno.OK;
    }

    public static byte[] Describe(Route route, ushort message, byte table, byte type, in nlmsghdr about, uint port, ushort flags)
    {
        var isV4 = route.Destination.Address.IsV4;
        var isSent = route.Kind == RouteKind.Unicast;
        var number = table == Netlink.RT_TABLE_LOCAL ? table : route.Table;
        var answer = new NetlinkMessage(about, message, flags, port).Add(new rtmsg
        {
            rtm_family = FamilyOf(route.Destination.Address),
            rtm_dst_len = (byte)route.Destination.Length,
            rtm_table = number < 256 ? (byte)number : Netlink.RT_TABLE_COMPAT,
            rtm_protocol = table == Netlink.RT_TABLE_LOCAL ? Netlink.RTPROT_KERNEL : route.Protocol,
            rtm_scope = !isV4 || route.Gateway is not null || !isSent ? Netlink.RT_SCOPE_UNIVERSE : type == Netlink.RTN_LOCAL ? Netlink.RT_SCOPE_HOST : Netlink.RT_SCOPE_LINK,
            rtm_type = type,
        });
        _ = answer.Add(Netlink.RTA_TABLE, (int)number);
        if (route.Destination.Length > 0)
        {
            _ = answer.Add(Netlink.RTA_DST, BytesOf(route.Destination.Address));
        }

        if (!isV4)
        {
            // A metric of 0 is the kernel's own (IP6_RT_PRIO_ADDRCONF) or a person's (IP6_RT_PRIO_USER).
            var own = route.Protocol == Netlink.RTPROT_KERNEL ? 256 : 1024;
            _ = answer.Add(Netlink.RTA_PRIORITY, table == Netlink.RT_TABLE_LOCAL ? 0 : route.Metric != 0 ? route.Metric : own);
        }
        else if (route.Metric != 0)
        {
            _ = answer.Add(Netlink.RTA_PRIORITY, route.Metric);
        }

        if (route.Gateway is { } gateway)
        {
            _ = answer.Add(Netlink.RTA_GATEWAY, BytesOf(gateway));
        }

        if (isV4 && route.Source is { } source)
        {
            _ = answer.Add(Netlink.RTA_PREFSRC, BytesOf(source));
        }

        if (isSent || !isV4)
        {
            _ = answer.Add(Netlink.RTA_OIF, route.Interface.Index);
        }

        MetricAttributes.Write(answer, route.Metrics);
        return (isV4 ? answer : answer.Add(Netlink.RTA_PREF, [0])).Finish();
    }

    /// <summary>RTN_* of a kind.</summary>
    public static byte TypeOf(RouteKind kind) => kind switch
    {
        RouteKind.Blackhole => Netlink.RTN_BLACKHOLE,
        RouteKind.Unreachable => Netlink.RTN_UNREACHABLE,
        RouteKind.Prohibit => Netlink.RTN_PROHIBIT,
        _ => Netlink.RTN_UNICAST,
    };

    public static bool IsOf(IPAddress address, byte family) => family == 0 || family == FamilyOf(address);

    public static byte FamilyOf(IPAddress address) => (byte)(address.IsV4 ? AddressFamily.AF_INET : AddressFamily.AF_INET6);

    public static byte[] BytesOf(IPAddress address)
    {
        var bytes = new byte[address.Size];
        address.Write(bytes);
        return bytes;
    }

    private static void Local(in RouteRequest request, Route route, byte type) =>
        request.Answers.Add(Describe(route, Netlink.RTM_NEWROUTE, Netlink.RT_TABLE_LOCAL, type, request.Header, request.Port, Netlink.NLM_F_MULTI));

    /// <summary>What leads to lo is local, but for ::1, which Linux shows in the main table too; an address that is its whole network, or that has
    /// company in it, brings no route of its own; an interface that is down has none.</summary>
    private static bool IsShown(Route route, Stack stack)
    {
        if (route.Kind != RouteKind.Unicast)
        {
            return true;
        }

        if (!route.Interface.IsUp || (route.Interface.IsLoopback && route.Destination.Address.IsV4))
        {
            return false;
        }

        return route.Protocol != Netlink.RTPROT_KERNEL || !route.Destination.Address.IsV4
            || (route.Destination.Length < 32 && stack.Routes.All.First(other => other.Destination == route.Destination && other.Interface == route.Interface && other.Protocol == route.Protocol) == route);
    }
}
