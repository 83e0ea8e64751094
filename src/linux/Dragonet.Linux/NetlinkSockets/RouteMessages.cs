using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>What rtnetlink(7) answers. Inside the stack.</summary>
internal static class RouteMessages
{
    /// <summary>Answers a request, or does what it asks. Types come in fours: new, delete, get, set; all but "get" change something, which
    /// takes CAP_NET_ADMIN.</summary>
    public static Errno Answer(ref RouteRequest request)
    {
        var type = request.Header.nlmsg_type;
        if (type > Netlink.RTM_MAX)
        {
            return Errno.EOPNOTSUPP;
        }

        if (type % 4 != 2 && !request.Caller.Credentials.Has(Capability.CAP_NET_ADMIN))
        {
            return Errno.EPERM;
        }

        return type switch
        {
            Netlink.RTM_GETLINK => LinkMessages.Get(request),
            Netlink.RTM_NEWLINK or Netlink.RTM_SETLINK => LinkMessages.Change(ref request),
            Netlink.RTM_DELLINK => Errno.EINVAL, // too short for one; what can be removed is removed outside of the stack
            Netlink.RTM_GETADDR when request.IsDump => AddressMessages.List(request),
            Netlink.RTM_NEWADDR => AddressMessages.Add(ref request),
            Netlink.RTM_DELADDR => AddressMessages.Delete(ref request),
            Netlink.RTM_GETROUTE => request.IsDump ? RouteTableMessages.List(request) : RouteTableMessages.Get(ref request),
            Netlink.RTM_NEWROUTE => RouteTableMessages.Add(ref request),
            Netlink.RTM_DELROUTE => RouteTableMessages.Delete(ref request),
            Netlink.RTM_GETNEIGH when request.IsDump => NeighbourMessages.List(request),
            Netlink.RTM_NEWNEIGH => NeighbourMessages.Add(ref request),
            Netlink.RTM_DELNEIGH => NeighbourMessages.Delete(ref request),
            Netlink.RTM_NEWRULE => RuleMessages.Add(ref request),
            Netlink.RTM_DELRULE => RuleMessages.Delete(ref request),
            Netlink.RTM_GETRULE when request.IsDump => RuleMessages.List(request),
            _ => Errno.EOPNOTSUPP,
        };
    }
}
