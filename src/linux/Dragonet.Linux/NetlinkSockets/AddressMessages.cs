using Dragonet.Abi;
using Dragonet.Linux.Inet;
using Dragonet.Net;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>Addresses of interfaces (rtnetlink(7), "RTM_NEWADDR"). Inside the stack.</summary>
internal static class AddressMessages
{
    public static Errno List(in RouteRequest request)
    {
        var only = request.IsStrict && request.TryRead(out ifaddrmsg asked) ? asked.ifa_index : 0;
        foreach (var link in request.Stack.Interfaces)
        {
            foreach (var prefix in link.Addresses)
            {
                if ((only == 0 || only == link.Index) && RouteTableMessages.IsOf(prefix.Address, request.Family) && request.Network.Shows(prefix.Address))
                {
                    request.Answers.Add(Describe(link, prefix, Netlink.RTM_NEWADDR, request.Header, request.Port, Netlink.NLM_F_MULTI));
                }
            }
        }

        return Errno.OK;
    }

    /// <summary>ip addr add.</summary>
    public static Errno Add(ref RouteRequest request)
    {
        if (Find(ref request, out var link, out var address) is not Errno.OK and var error)
        {
            return error;
        }

        var isHere = link!.Addresses.Any(other => other.Address == address.Address);
        if (isHere)
        {
            return request.Has(Netlink.NLM_F_REPLACE) ? Errno.OK
                : request.Refuse(Errno.EEXIST, address.Address.IsV4 ? "ipv4: Address already assigned" : "ipv6: address already assigned");
        }

        return LinkChanges.AddAddress(request.Network, link, address);
    }

    /// <summary>ip addr del.</summary>
    public static Errno Delete(ref RouteRequest request)
    {
        if (Find(ref request, out var link, out var address) is not Errno.OK and var error)
        {
            return error;
        }

        return LinkChanges.RemoveAddress(request.Network, link!, address) ? Errno.OK
            : request.Refuse(Errno.EADDRNOTAVAIL, address.Address.IsV4 ? "ipv4: Address not found" : "ipv6: address not found");
    }

    public static byte[] Describe(Interface link, Prefix prefix, ushort type, in nlmsghdr about, uint port, ushort flags)
    {
        Span<byte> forever = stackalloc byte[16]; // struct ifa_cacheinfo: preferred and valid for ever
        forever[..8].Fill(0xff);
        forever[8..].Clear();
        var state = (byte)(Netlink.IFA_F_PERMANENT | (LinkChanges.IsSecondary(link, prefix) ? Netlink.IFA_F_SECONDARY : 0));
        var message = new NetlinkMessage(about, type, flags, port).Add(new ifaddrmsg
        {
            ifa_family = RouteTableMessages.FamilyOf(prefix.Address),
            ifa_prefixlen = (byte)prefix.Length,
            ifa_flags = state,
            ifa_scope = prefix.Address.IsLoopback ? Netlink.RT_SCOPE_HOST : prefix.Address.IsLinkLocal ? Netlink.RT_SCOPE_LINK : Netlink.RT_SCOPE_UNIVERSE,
            ifa_index = (uint)link.Index,
        });
        var bytes = RouteTableMessages.BytesOf(prefix.Address);
        _ = message.Add(Netlink.IFA_ADDRESS, bytes);
        if (prefix.Address.IsV4)
        {
            _ = message.Add(Netlink.IFA_LOCAL, bytes).Add(Netlink.IFA_LABEL, link.Name);
            if (!link.IsLoopback && prefix.DirectedBroadcast is { } broadcast)
            {
                _ = message.Add(Netlink.IFA_BROADCAST, RouteTableMessages.BytesOf(broadcast));
            }
        }

        return message.Add(Netlink.IFA_FLAGS, state).Add(Netlink.IFA_CACHEINFO, forever).Finish();
    }

    /// <summary>Which interface and address a message is about.</summary>
    private static Errno Find(ref RouteRequest request, out Interface? link, out Prefix address)
    {
        (link, address) = (null, default);
        if (!request.TryRead(out ifaddrmsg body))
        {
            return Errno.EINVAL;
        }

        var isV4 = body.ifa_family == (byte)AddressFamily.AF_INET;
        if (!isV4 && body.ifa_family != (byte)AddressFamily.AF_INET6)
        {
            return Errno.EAFNOSUPPORT;
        }

        var family = isV4 ? "ipv4" : "ipv6";
        if (body.ifa_prefixlen > (isV4 ? 32 : 128))
        {
            return request.Refuse(Errno.EINVAL, family + ": Invalid prefix length");
        }

        var attributes = request.Attributes<ifaddrmsg>();
        var peer = attributes.Address(Netlink.IFA_ADDRESS, isV4);
        if ((attributes.Address(Netlink.IFA_LOCAL, isV4) ?? peer) is not { } local)
        {
            return request.Refuse(Errno.EINVAL, family + ": Local address is not supplied");
        }

        link = request.Find((int)body.ifa_index);
        if (link is null)
        {
            return request.Refuse(Errno.ENODEV, family + ": Device not found");
        }

        if (peer is not null && peer != local)
        {
            return request.Refuse(Errno.EOPNOTSUPP, "Peer addresses are not supported");
        }

        address = new Prefix(local, body.ifa_prefixlen);
        return Errno.OK;
    }
}
