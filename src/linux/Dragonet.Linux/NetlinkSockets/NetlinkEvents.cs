using Dragonet.Abi;
using Dragonet.Net;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>Who wants to be told of changes of one stack (rtnetlink(7), "RTMGRP_*"), and how they are told. Inside the stack.</summary>
public sealed class NetlinkEvents
{
    private readonly List<NetlinkFile> _listeners = [];

    /// <summary>An interface is new or has changed, or is gone.</summary>
    public void Link(Interface link, bool isGone = false)
    {
        if (_listeners.Count > 0)
        {
            ArgumentNullException.ThrowIfNull(link);
            Tell(Netlink.RTNLGRP_LINK, LinkMessages.Describe(link, isGone ? Netlink.RTM_DELLINK : Netlink.RTM_NEWLINK, default, 0, 0));
        }
    }

    /// <summary>An address was added or removed.</summary>
    public void Address(Interface link, Prefix address, bool isGone)
    {
        if (_listeners.Count > 0)
        {
            ArgumentNullException.ThrowIfNull(link);
            Tell(
                address.Address.IsV4 ? Netlink.RTNLGRP_IPV4_IFADDR : Netlink.RTNLGRP_IPV6_IFADDR,
                AddressMessages.Describe(link, address, isGone ? Netlink.RTM_DELADDR : Netlink.RTM_NEWADDR, default, 0, 0));
        }
    }

    /// <summary>A route was added or removed.</summary>
    public void Route(Route route, bool isGone)
    {
        if (_listeners.Count > 0)
        {
            ArgumentNullException.ThrowIfNull(route);
            Tell(
                route.Destination.Address.IsV4 ? Netlink.RTNLGRP_IPV4_ROUTE : Netlink.RTNLGRP_IPV6_ROUTE,
                RouteTableMessages.Describe(route, isGone ? Netlink.RTM_DELROUTE : Netlink.RTM_NEWROUTE, Netlink.RT_TABLE_MAIN, RouteTableMessages.TypeOf(route.Kind), default, 0, 0));
        }
    }

    /// <summary>Somebody has set or removed a neighbour.</summary>
    public void Neighbour(Interface link, in NeighbourEntry neighbour, bool isGone)
    {
        if (_listeners.Count > 0)
        {
            ArgumentNullException.ThrowIfNull(link);
            Tell(Netlink.RTNLGRP_NEIGH, NeighbourMessages.Describe(link, neighbour, isGone ? Netlink.RTM_DELNEIGH : Netlink.RTM_NEWNEIGH, default, 0, 0));
        }
    }

    internal void Add(NetlinkFile listener)
    {
        if (!_listeners.Contains(listener))
        {
            _listeners.Add(listener);
        }
    }

    internal void Remove(NetlinkFile listener) => _ = _listeners.Remove(listener);

    private void Tell(int group, byte[] message)
    {
        foreach (var listener in _listeners)
        {
            listener.Tell(group, message);
        }
    }
}
