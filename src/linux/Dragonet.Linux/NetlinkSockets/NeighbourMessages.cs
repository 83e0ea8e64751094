using Dragonet.Abi;
using Dragonet.Net;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>Neighbours (rtnetlink(7), "RTM_NEWNEIGH"). Inside the stack.</summary>
internal static class NeighbourMessages
{
    public static Errno List(in RouteRequest request)
    {
        var only = request.IsStrict && request.TryRead(out ndmsg asked) ? asked.ndm_ifindex : 0;
        foreach (var link in request.Stack.Interfaces.OfType<EthernetInterface>())
        {
            foreach (var entry in link.NeighbourEntries)
            {
                if ((only == 0 || only == link.Index) && RouteTableMessages.IsOf(entry.Address, request.Family))
                {
                    request.Answers.Add(Describe(link, entry, Netlink.RTM_NEWNEIGH, request.Header, request.Port, Netlink.NLM_F_MULTI));
                }
            }
        }

        return Errno.OK;
    }

    /// <summary>ip neigh add, replace, change.</summary>
    public static Errno Add(ref RouteRequest request)
    {
        if (Find(ref request, out var link, out var address) is not Errno.OK and var error)
        {
            return error;
        }

        _ = request.TryRead(out ndmsg body);
        var known = link!.NeighbourEntries.FirstOrDefault(entry => entry.Address == address);
        var exists = known.Address == address;
        if (exists && request.Has(Netlink.NLM_F_EXCL))
        {
            return Errno.EEXIST;
        }

        if (!exists && !request.Has(Netlink.NLM_F_CREATE))
        {
            return Errno.ENOENT;
        }

        EthernetAddress hardware;
        if (request.Attributes<ndmsg>().TryGet(Netlink.NDA_LLADDR, out var bytes))
        {
            if (bytes.Length < EthernetAddress.Size)
            {
                return request.Refuse(Errno.EINVAL, "Invalid link address");
            }

            hardware = EthernetAddress.FromBytes(bytes);
        }
        else if (known.Hardware is { } kept)
        {
            hardware = kept;
        }
        else
        {
            return Errno.EINVAL;
        }

        link.SetNeighbour(address, hardware, (body.ndm_state & Netlink.NUD_PERMANENT) != 0);
        request.Network.Events.Neighbour(link, link.NeighbourEntries.First(entry => entry.Address == address), isGone: false);
        return Errno.OK;
    }

    public static Errno Delete(ref RouteRequest request)
    {
        if (Find(ref request, out var link, out var address) is not Errno.OK and var error)
        {
            return error;
        }

        var entry = link!.NeighbourEntries.FirstOrDefault(entry => entry.Address == address);
        if (!link.RemoveNeighbour(address))
        {
            return Errno.ENOENT;
        }

        request.Network.Events.Neighbour(link, entry, isGone: true);
        return Errno.OK;
    }

    public static byte[] Describe(Interface link, in NeighbourEntry entry, ushort type, in nlmsghdr about, uint port, ushort flags)
    {
        var state = entry.IsPermanent ? Netlink.NUD_PERMANENT
            : entry.Hardware is null ? Netlink.NUD_INCOMPLETE
            : entry.IsReachable ? Netlink.NUD_REACHABLE : Netlink.NUD_STALE;
        var message = new NetlinkMessage(about, type, flags, port)
            .Add(new ndmsg { ndm_family = RouteTableMessages.FamilyOf(entry.Address), ndm_ifindex = link.Index, ndm_state = state, ndm_type = Netlink.RTN_UNICAST })
            .Add(Netlink.NDA_DST, RouteTableMessages.BytesOf(entry.Address));
        if (entry.Hardware is { } hardware)
        {
            var bytes = new byte[EthernetAddress.Size];
            hardware.Write(bytes);
            _ = message.Add(Netlink.NDA_LLADDR, bytes);
        }

        return message.Add(Netlink.NDA_CACHEINFO, new byte[16]).Add(Netlink.NDA_PROBES, 0).Finish();
    }

    /// <summary>Which one a message is about.</summary>
    private static Errno Find(ref RouteRequest request, out EthernetInterface? link, out IPAddress address)
    {
        (link, address) = (null, default);
        if (!request.TryRead(out ndmsg body))
        {
            return Errno.EINVAL;
        }

        var isV4 = body.ndm_family == (byte)AddressFamily.AF_INET;
        if (!isV4 && body.ndm_family != (byte)AddressFamily.AF_INET6)
        {
            return Errno.EAFNOSUPPORT;
        }

        if (!request.Attributes<ndmsg>().Has(Netlink.NDA_DST))
        {
            return request.Refuse(Errno.EINVAL, "Network address not specified");
        }

        if (request.Attributes<ndmsg>().Address(Netlink.NDA_DST, isV4) is not { } given)
        {
            return request.Refuse(Errno.EINVAL, "Invalid network address");
        }

        if (request.Find(body.ndm_ifindex) is not { } found)
        {
            return Errno.ENODEV;
        }

        (link, address) = (found as EthernetInterface, given);
        return link is null ? Errno.EINVAL : Errno.OK; // lo and links without a header have no neighbours
    }
}
