using Dragonet.Abi;
using Dragonet.Linux.Inet;
using Dragonet.Net;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>Ports of bridges (bridge(8), "bridge link"): interfaces as the family AF_BRIDGE sees them. Inside the stack.</summary>
internal static class BridgePortMessages
{
    public static Errno List(in RouteRequest request)
    {
        foreach (var link in request.Stack.Interfaces.OfType<EthernetInterface>())
        {
            if (link.Port is { } port)
            {
                request.Answers.Add(Describe(port, request));
            }
        }

        return Errno.OK;
    }

    private static byte[] Describe(BridgePort port, in RouteRequest request)
    {
        var link = port.Link;
        var hardware = new byte[EthernetAddress.Size];
        link.Address.Write(hardware);
        return new NetlinkMessage(request.Header, Netlink.RTM_NEWLINK, Netlink.NLM_F_MULTI, request.Port)
            .Add(LinkMessages.Head(link) with { ifi_family = (byte)AddressFamily.AF_BRIDGE })
            .Add(Netlink.IFLA_IFNAME, link.Name)
            .Add(Netlink.IFLA_MASTER, port.Bridge.Interface.Index)
            .Add(Netlink.IFLA_MTU, link.Mtu)
            .Add(Netlink.IFLA_OPERSTATE, [InterfaceRequests.IsRunning(link) ? (byte)6 : (byte)2])
            .Add(Netlink.IFLA_ADDRESS, hardware)
            .Nest(Netlink.IFLA_PROTINFO | Netlink.NLA_F_NESTED, inside => inside
                .Add(Netlink.IFLA_BRPORT_STATE, [StateOf(port)])
                .Add(Netlink.IFLA_BRPORT_PRIORITY, [32, 0])
                .Add(Netlink.IFLA_BRPORT_COST, port.PathCost)
                .Add(Netlink.IFLA_BRPORT_LEARNING, [port.IsLearning ? (byte)1 : (byte)0])
                .Add(Netlink.IFLA_BRPORT_UNICAST_FLOOD, [port.IsFlooding ? (byte)1 : (byte)0])
                .Add(Netlink.IFLA_BRPORT_ISOLATED, [port.IsPrivate ? (byte)1 : (byte)0]))
            .Finish();
    }

    /// <summary>BR_STATE_* of linux/if_bridge.h.</summary>
    private static byte StateOf(BridgePort port) => (byte)(!port.Link.IsUp || !port.Bridge.Interface.IsUp ? 0 : port.State switch
    {
        PortState.Listening => 1,
        PortState.Learning => 2,
        PortState.Forwarding => 3,
        PortState.Blocking => 4,
        _ => 0,
    });
}
