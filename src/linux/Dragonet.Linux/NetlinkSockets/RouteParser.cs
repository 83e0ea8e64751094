using Dragonet.Abi;
using Dragonet.Net;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>Reads RTM_NEWROUTE and RTM_DELROUTE, with the checks and words of Linux (fib_create_info, ip6_route_info_create).</summary>
internal static class RouteParser
{
    /// <param name="request">The message.</param>
    /// <param name="isNew">It is to be added, so it must lead somewhere.</param>
    /// <param name="wanted">What it says.</param>
    public static Errno Parse(ref RouteRequest request, bool isNew, out WantedRoute wanted)
    {
        wanted = default;
        if (request.ReadRoute(out var body, out var isV4) is not Errno.OK and var wrong)
        {
            return wrong;
        }

        var attributes = request.Attributes<rtmsg>();
        if (body.rtm_dst_len > (isV4 ? 32 : 128))
        {
            return request.Refuse(Errno.EINVAL, "Invalid prefix length");
        }

        var address = attributes.Address(Netlink.RTA_DST, isV4);
        if (address is null && (attributes.Has(Netlink.RTA_DST) || body.rtm_dst_len > 0))
        {
            return Errno.EINVAL;
        }

        var destination = new Prefix(address ?? (isV4 ? IPAddress.AnyV4 : IPAddress.AnyV6), body.rtm_dst_len);
        if (isV4 && destination.Network != destination)
        {
            return request.Refuse(Errno.EINVAL, "Invalid prefix for given prefix length");
        }

        destination = destination.Network;
        var table = attributes.Number(Netlink.RTA_TABLE) ?? body.rtm_table;
        if (table == Netlink.RT_TABLE_LOCAL)
        {
            return isNew ? request.Refuse(Errno.EOPNOTSUPP, "The local table is made of the addresses") : Errno.ESRCH;
        }

        if (isNew && (attributes.Has(Netlink.RTA_MULTIPATH) || body.rtm_tos != 0 || body.rtm_src_len != 0))
        {
            return request.Refuse(Errno.EOPNOTSUPP, "Several next hops, TOS and source networks are not supported");
        }

        RouteMetrics? metrics = null;
        if (isNew && attributes.TryGet(Netlink.RTA_METRICS, out var bytes) && MetricAttributes.Read(ref request, bytes, out metrics) is not Errno.OK and var bad)
        {
            return bad;
        }

        wanted = new WantedRoute(
            destination, null, body.rtm_type, body.rtm_protocol, attributes.Address(Netlink.RTA_GATEWAY, isV4),
            attributes.Address(Netlink.RTA_PREFSRC, isV4), attributes.Number(Netlink.RTA_PRIORITY) ?? 0, attributes.Number(Netlink.RTA_OIF) ?? 0)
        {
            Table = table == 0 ? Route.MainTable : (uint)table,
            Metrics = metrics,
        };
        return isNew ? Make(ref request, ref wanted) : Errno.OK;
    }

    private static Errno Make(ref RouteRequest request, ref WantedRoute wanted)
    {
        var stack = request.Stack;
        var isV4 = wanted.Destination.Address.IsV4;
        RouteKind? kind = wanted.Type switch
        {
            0 or Netlink.RTN_UNICAST => RouteKind.Unicast,
            Netlink.RTN_BLACKHOLE => RouteKind.Blackhole,
            Netlink.RTN_UNREACHABLE => RouteKind.Unreachable,
            Netlink.RTN_PROHIBIT => RouteKind.Prohibit,
            _ => null,
        };
        if (kind is not { } given)
        {
            return request.Refuse(Errno.EOPNOTSUPP, "Routes of this type are not supported");
        }

        if (wanted.Source is { } source && !stack.IsLocal(source))
        {
            return request.Refuse(Errno.EINVAL, "Invalid prefsrc address");
        }

        Interface? link = null;
        if (wanted.Index != 0 && (link = request.Find(wanted.Index)) is null)
        {
            return Errno.ENODEV;
        }

        if (given != RouteKind.Unicast)
        {
            link = stack.Loopback;
        }
        else if (wanted.Gateway is { } gateway)
        {
            if (stack.IsLocal(gateway))
            {
                return request.Refuse(Errno.EINVAL, isV4 ? "Nexthop has invalid gateway" : "Gateway can not be a local address");
            }

            if (!(gateway.IsLinkLocal && link is not null))
            {
                var way = stack.Routes.Find(gateway, link);
                if (way is not { Kind: RouteKind.Unicast, Gateway: null } || way.Interface.IsLoopback)
                {
                    return request.Refuse(isV4 ? Errno.ENETUNREACH : Errno.EHOSTUNREACH, "Nexthop has invalid gateway");
                }

                link = way.Interface;
            }
        }

        if (link is null)
        {
            return isV4 ? request.Refuse(Errno.ENODEV, "No such device") : Errno.ENODEV;
        }

        if (!link.IsUp && given == RouteKind.Unicast)
        {
            return request.Refuse(Errno.ENETDOWN, isV4 ? "Device for nexthop is not up" : "Nexthop device is not up");
        }

        wanted = wanted with
        {
            Route = new Route(wanted.Destination, link, wanted.Gateway, wanted.Source, wanted.Metric)
            {
                Kind = given,
                Table = wanted.Table,
                Metrics = wanted.Metrics,
                Protocol = wanted.Protocol == 0 ? Netlink.RTPROT_BOOT : wanted.Protocol,
            },
        };
        return Errno.OK;
    }
}
