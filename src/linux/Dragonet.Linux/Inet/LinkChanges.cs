using Dragonet.Abi;
using Dragonet.Net;

namespace Dragonet.Linux.Inet;

/// <summary>Changes of interfaces, whoever asks for them (netlink messages, ioctl(2)), with what Linux does beside, and told to who listens.
/// Inside the stack.</summary>
public static class LinkChanges
{
    private const int LeastMtu = 68;         // RFC 791
    private const int MostMtu = 65535;
    private const uint Settable = (uint)NetDevice.IFF_UP; // of the flags that are changed here

    /// <summary>Flags under a mask: up and down; others are remembered by nobody, as those of the link layer that a driver ignores.</summary>
    public static Errno SetFlags(NetworkStack network, Interface link, uint flags, uint mask)
    {
        var isUp = (flags & NetDevice.IFF_UP) != 0;
        if ((mask & Settable) == 0 || link.IsUp == isUp)
        {
            return Errno.OK;
        }

        if (isUp && link is EthernetInterface { Vlan.Lower.IsUp: false })
        {
            return Errno.ENETDOWN; // vlan_dev_open of Linux
        }

        link.IsUp = isUp;
        if (isUp)
        {
            if (link.IsLoopback)
            {
                // lo has its addresses when it is up (inetdev_event and init_loopback of Linux).
                if (!link.Addresses.Any(prefix => prefix.Address.IsV4))
                {
                    _ = AddAddress(network, link, new Prefix(IPAddress.LoopbackV4, 8));
                }

                _ = AddAddress(network, link, new Prefix(IPAddress.LoopbackV6, 128));
            }
        }
        else
        {
            // IPv4 addresses stay, IPv6 ones do not; routes go, but for those that addresses bring again (fib_disable_ip, addrconf_ifdown).
            foreach (var prefix in link.Addresses.Where(prefix => !prefix.Address.IsV4).ToArray())
            {
                _ = RemoveAddress(network, link, prefix);
            }

            foreach (var route in network.Stack.Routes.All.Where(route => route.Interface == link && route.Kind == RouteKind.Unicast && route.Protocol != Netlink.RTPROT_KERNEL).ToArray())
            {
                _ = network.Stack.Routes.Remove(route);
            }

            (link as EthernetInterface)?.Flush();
        }

        link.Driver?.OnStateChanged();
        network.Events.Link(link);
        return Errno.OK;
    }

    /// <summary>Makes an interface a port of a bridge, or of none for 0 (do_set_master of Linux): EINVAL for what there is not, or lo; EOPNOTSUPP
    /// for what is no bridge.</summary>
    public static Errno SetMaster(NetworkStack network, Interface link, int index)
    {
        var ethernet = link as EthernetInterface;
        if (ethernet?.Port is { } port)
        {
            if (port.Bridge.Interface.Index == index)
            {
                return Errno.OK;
            }

            _ = port.Bridge.Remove(ethernet);
            network.Events.Link(link);
        }

        if (index == 0)
        {
            return Errno.OK;
        }

        if (network.Stack.FindInterface(index) is not { } master)
        {
            return Errno.EINVAL;
        }

        if (master is not EthernetInterface { Bridge: { } bridge })
        {
            return Errno.EOPNOTSUPP;
        }

        if (ethernet is null)
        {
            return Errno.EINVAL;
        }

        if (!bridge.Add(ethernet).Ok(out _, out var error))
        {
            return error == Errno.ELOOP ? Errno.ELOOP : Errno.EBUSY;
        }

        network.Events.Link(link);
        return error;
    }

    /// <summary>EINVAL for one that the link cannot have.</summary>
    public static Errno SetMtu(NetworkStack network, Interface link, int mtu, out string? reason)
    {
        reason = null;
        if (mtu < LeastMtu || mtu > (link.IsLoopback ? MostMtu + 1 : MostMtu))
        {
            reason = mtu < LeastMtu ? "mtu less than device minimum" : "mtu greater than device maximum";
            return Errno.EINVAL;
        }

        link.Mtu = mtu;
        network.Events.Link(link);
        return Errno.OK;
    }

    /// <summary>How many packets may wait; ERANGE for a number that is none (dev_change_tx_queue_len of Linux).</summary>
    public static Errno SetQueueLength(NetworkStack network, Interface link, int length)
    {
        if (length < 0)
        {
            return Errno.ERANGE;
        }

        link.QueueLength = length;
        network.Events.Link(link);
        return Errno.OK;
    }

    /// <summary>EINVAL for a name that cannot be one (dev_valid_name), EEXIST, EBUSY while lo is up.</summary>
    public static Errno Rename(NetworkStack network, Interface link, string name)
    {
        if (name.Length is 0 or >= NetDevice.IFNAMSIZ || name is "." or ".." || name.Any(letter => letter is '/' or ':' || char.IsWhiteSpace(letter)))
        {
            return Errno.EINVAL;
        }

        var error = network.Stack.Rename(link, name);
        if (error == Errno.OK)
        {
            network.Events.Link(link);
        }

        return error;
    }

    /// <summary>A MAC address: EADDRNOTAVAIL for a group, EOPNOTSUPP for links without one.</summary>
    public static Errno SetHardware(NetworkStack network, Interface link, ReadOnlySpan<byte> bytes)
    {
        if (link is not EthernetInterface ethernet)
        {
            return Errno.EOPNOTSUPP;
        }

        if (bytes.Length < EthernetAddress.Size)
        {
            return Errno.EINVAL;
        }

        var address = EthernetAddress.FromBytes(bytes);
        if (address.IsMulticast || address.Value == 0)
        {
            return Errno.EADDRNOTAVAIL;
        }

        ethernet.Address = address;
        network.Events.Link(link);
        return Errno.OK;
    }

    /// <summary>EEXIST when the interface has it; EINVAL for groups, EADDRNOTAVAIL for ::1 elsewhere than on lo (inet6_addr_add of Linux).</summary>
    public static Errno AddAddress(NetworkStack network, Interface link, Prefix address)
    {
        if (!address.Address.IsV4 && (address.Address.IsUnspecified || address.Address.IsMulticast || (address.Address.IsLoopback && !link.IsLoopback)))
        {
            return Errno.EADDRNOTAVAIL;
        }

        if (!link.AddAddress(address))
        {
            return Errno.EEXIST;
        }

        network.Events.Address(link, address, isGone: false);
        return Errno.OK;
    }

    /// <summary>Removes an address, and with a first one of a network the others of it (promote_secondaries is 0).</summary>
    /// <returns>False when it is not there.</returns>
    public static bool RemoveAddress(NetworkStack network, Interface link, Prefix address)
    {
        if (!link.Addresses.Contains(address))
        {
            return false;
        }

        var company = address.Address.IsV4 && !IsSecondary(link, address) ? link.Addresses.Where(other => IsSecondary(link, other) && other.Network == address.Network).ToArray() : [];
        foreach (var prefix in company.Append(address))
        {
            RemoveOne(network, link, prefix);
        }

        return true;
    }

    /// <summary>Removes an address, and no other one with it.</summary>
    public static void RemoveOne(NetworkStack network, Interface link, Prefix address)
    {
        if (!link.RemoveAddress(address.Address))
        {
            return;
        }

        foreach (var route in network.Stack.Routes.All.Where(route => route.Source == address.Address && route.Protocol != Netlink.RTPROT_KERNEL).ToArray())
        {
            _ = network.Stack.Routes.Remove(route);
            network.Events.Route(route, isGone: true);
        }

        network.Events.Address(link, address, isGone: true);
    }

    /// <summary>An IPv4 address that is not the first of its network on an interface (IFA_F_SECONDARY).</summary>
    public static bool IsSecondary(Interface link, Prefix address) =>
        address.Address.IsV4 && link.Addresses.FirstOrDefault(other => other.Address.IsV4 && other.Network == address.Network, address) != address;
}
