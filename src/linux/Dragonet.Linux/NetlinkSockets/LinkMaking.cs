using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Linux.Inet;
using Dragonet.Net;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>Interfaces that guests make, move and remove (ip-link(8)): veth, bridge, dummy, vlan. Outside the stack: a pair may have its ends in two.</summary>
internal static class LinkMaking
{
    /// <summary>Does what a message asks when it makes, moves or removes an interface.</summary>
    /// <returns>False for all other messages, which the stack answers.</returns>
    public static bool TryAnswer(ref RouteRequest request, NetlinkFamily family, out Errno error)
    {
        error = Errno.OK;
        var type = request.Header.nlmsg_type;
        if (type is not (Netlink.RTM_NEWLINK or Netlink.RTM_SETLINK or Netlink.RTM_DELLINK) || !request.TryRead(out ifinfomsg body)
            || !request.Caller.Credentials.Has(Capability.CAP_NET_ADMIN))
        {
            return false;
        }

        var attributes = request.Attributes<ifinfomsg>();
        if (attributes.Number(Netlink.IFLA_NET_NS_FD) is not null)
        {
            error = Errno.EINVAL; // there are no files of network namespaces
            return true;
        }

        var name = attributes.Text(Netlink.IFLA_IFNAME);
        Interface? known;
        using (request.Network.Enter())
        {
            known = body.ifi_index != 0 ? request.Find(body.ifi_index) : name is null ? null : request.Stack.FindInterface(name);
        }

        if (type == Netlink.RTM_DELLINK)
        {
            error = known is null ? (body.ifi_index == 0 && name is null ? Errno.EINVAL : Errno.ENODEV) : Delete(ref request, known);
            return true;
        }

        var process = attributes.Number(Netlink.IFLA_NET_NS_PID);
        if (known is not null)
        {
            error = process is { } number ? Move(ref request, family, known, number, name) : Errno.OK;
            return process is not null;
        }

        if (type != Netlink.RTM_NEWLINK || !request.Has(Netlink.NLM_F_CREATE) || body.ifi_index != 0)
        {
            return false;
        }

        error = process is not null ? request.Refuse(Errno.EOPNOTSUPP, "An interface is made here, and moved then") : Create(ref request, name);
        return true;
    }

    private static Errno Create(ref RouteRequest request, string? name)
    {
        var about = request.Attributes<ifinfomsg>().Inside(Netlink.IFLA_LINKINFO);
        var kind = about.Text(Netlink.IFLA_INFO_KIND);
        if (kind is not ("veth" or "bridge" or "dummy" or "vlan"))
        {
            return request.Refuse(Errno.EOPNOTSUPP, "Unknown device type");
        }

        var network = request.Network;
        int count;
        using (network.Enter())
        {
            count = network.Stack.Interfaces.Count;
            name = LinkNames.Choose(network.Stack, string.IsNullOrEmpty(name) ? kind + "%d" : name);
        }

        if (count >= LinkNames.MaxLinks)
        {
            return Errno.ENFILE;
        }

        var made = kind switch
        {
            "veth" => CreatePair(ref request, about, name),
            "bridge" => CreateBridge(network, name),
            "vlan" => CreateVlan(ref request, about, name),
            _ => network.Fabric.CreateDummy(network, name),
        };
        if (!made.Ok(out var link, out var error))
        {
            return error;
        }

        using (network.Enter())
        {
            if (!network.Stack.Interfaces.Contains(link))
            {
                return Errno.OK; // it was made, and somebody else has removed or moved it since
            }

            link.IsUp = false; // a bridge that is made from outside is up
            network.Events.Link(link);
            if (link.Pair?.PeerOf(link) is { } peer && network.Stack.Interfaces.Contains(peer))
            {
                network.Events.Link(peer);
            }

            error = LinkMessages.Apply(ref request, link);
        }

        if (error != Errno.OK)
        {
            _ = network.Fabric.Destroy(network, name);
        }

        return error;
    }

    private static Result<EthernetInterface> CreateBridge(NetworkStack network, string name) =>
        network.Fabric.CreateBridge(network, name, byGuest: true).Ok(out var bridge, out var error) ? bridge.Interface : error;

    /// <summary>IFLA_LINK is the interface below, IFLA_VLAN_ID the number (vlan_newlink and vlan_validate of Linux). 802.1ad is missing.</summary>
    private static Result<EthernetInterface> CreateVlan(ref RouteRequest request, NetlinkAttributes about, string name)
    {
        var network = request.Network;
        var data = about.Inside(Netlink.IFLA_INFO_DATA);
        if (!data.TryGet(Netlink.IFLA_VLAN_ID, out var id) || id.Length < 2)
        {
            return request.Refuse(Errno.EINVAL, "VLAN id not specified");
        }

        if (data.TryGet(Netlink.IFLA_VLAN_PROTOCOL, out var protocol) && (protocol.Length < 2 || BinaryPrimitives.ReadUInt16BigEndian(protocol) != 0x8100))
        {
            return request.Refuse(Errno.EPROTONOSUPPORT, "Invalid VLAN protocol");
        }

        if (request.Attributes<ifinfomsg>().Number(Netlink.IFLA_LINK) is not { } index)
        {
            return request.Refuse(Errno.EINVAL, "link not specified");
        }

        Interface? lower;
        using (network.Enter())
        {
            lower = request.Find(index);
        }

        return lower is null ? request.Refuse(Errno.ENODEV, "link does not exist")
            : lower is not EthernetInterface ethernet ? request.Refuse(Errno.EOPNOTSUPP, "VLANs not supported on device")
            : network.Fabric.CreateVlan(network, name, ethernet, BinaryPrimitives.ReadUInt16LittleEndian(id));
    }

    /// <summary>VETH_INFO_PEER: a header and attributes of the other end.</summary>
    private static Result<EthernetInterface> CreatePair(ref RouteRequest request, NetlinkAttributes about, string name)
    {
        var network = request.Network;
        string? peerName = null;
        byte[]? hardware = null;
        if (about.Inside(Netlink.IFLA_INFO_DATA).TryGet(Netlink.VETH_INFO_PEER, out var bytes))
        {
            var peer = NetlinkAttributes.Behind(bytes, Marshal.SizeOf<ifinfomsg>());
            if (peer.Has(Netlink.IFLA_NET_NS_PID) || peer.Has(Netlink.IFLA_NET_NS_FD))
            {
                return request.Refuse(Errno.EOPNOTSUPP, "Both ends are made here, and moved then");
            }

            peerName = peer.Text(Netlink.IFLA_IFNAME);
            hardware = peer.TryGet(Netlink.IFLA_ADDRESS, out var given) ? given.ToArray() : null;
        }

        using (network.Enter())
        {
            peerName = LinkNames.Choose(network.Stack, string.IsNullOrEmpty(peerName) ? "veth%d" : peerName, name);
        }

        if (!network.Fabric.CreatePair(network, name, network, peerName, byGuest: true).Ok(out var pair, out var error))
        {
            return error;
        }

        if (hardware is not null)
        {
            using (network.Enter())
            {
                error = network.Stack.Interfaces.Contains(pair.B) ? LinkChanges.SetHardware(network, pair.B, hardware) : Errno.OK;
            }

            if (error != Errno.OK)
            {
                _ = network.Fabric.Destroy(network, name);
                return error;
            }
        }

        return pair.A;
    }

    /// <summary>ip link del: what a guest has made. What came from outside goes with its jail.</summary>
    private static Errno Delete(ref RouteRequest request, Interface link)
    {
        var network = request.Network;
        if (!network.Fabric.IsByGuest(link))
        {
            return Errno.EOPNOTSUPP;
        }

        return network.Fabric.Destroy(network, link.Name);
    }

    /// <summary>ip link set X netns PID: into the stack of the jail of a process.</summary>
    private static Errno Move(ref RouteRequest request, NetlinkFamily family, Interface link, int number, string? name)
    {
        if ((request.Caller as Task)?.Jail.FindProcess(number) is not { } process)
        {
            return Errno.ESRCH;
        }

        var target = family.StackOf(process.Jail);
        if (target == request.Network)
        {
            return Errno.OK;
        }

        if (request.Network.Fabric.PlaceOf(link) is null)
        {
            return request.Refuse(Errno.EINVAL, "The interface netns is immutable");
        }

        return request.Network.Fabric.Move(request.Network, link.Name, target, name is null || name == link.Name ? null : name);
    }
}
