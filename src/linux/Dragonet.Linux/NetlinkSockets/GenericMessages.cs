using Dragonet.Abi;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>Generic netlink (linux/genetlink.h): its controller, which knows of no family but itself.</summary>
internal static class GenericMessages
{
    private const int HeaderSize = 4; // struct genlmsghdr

    public static Errno Answer(ref RouteRequest request)
    {
        if (request.Header.nlmsg_type != Netlink.GENL_ID_CTRL)
        {
            return Errno.ENOENT;
        }

        if (request.Body.Length < HeaderSize)
        {
            return Errno.EINVAL;
        }

        if (request.Body[0] != Netlink.CTRL_CMD_GETFAMILY)
        {
            return Errno.EOPNOTSUPP;
        }

        if (request.IsDump)
        {
            request.Answers.Add(Describe(request, Netlink.NLM_F_MULTI));
            return Errno.OK;
        }

        var attributes = NetlinkAttributes.Behind(request.Body, HeaderSize);
        var hasNumber = attributes.TryGet(Netlink.CTRL_ATTR_FAMILY_ID, out var number) && number.Length >= 2;
        var name = attributes.Text(Netlink.CTRL_ATTR_FAMILY_NAME);
        if (!hasNumber && name is null)
        {
            return Errno.EINVAL;
        }

        if (name is not (null or "nlctrl") || (hasNumber && (number[0] | number[1] << 8) != Netlink.GENL_ID_CTRL))
        {
            return Errno.ENOENT;
        }

        request.Answers.Add(Describe(request, 0));
        return Errno.OK;
    }

    private static byte[] Describe(in RouteRequest request, ushort flags) =>
        new NetlinkMessage(request.Header, Netlink.GENL_ID_CTRL, flags, request.Port)
            .Add([Netlink.CTRL_CMD_NEWFAMILY, 2, 0, 0])
            .Add(Netlink.CTRL_ATTR_FAMILY_NAME, "nlctrl")
            .Add(Netlink.CTRL_ATTR_FAMILY_ID, [(byte)Netlink.GENL_ID_CTRL, 0])
            .Add(Netlink.CTRL_ATTR_VERSION, 2)
            .Add(Netlink.CTRL_ATTR_HDRSIZE, 0)
            .Add(Netlink.CTRL_ATTR_MAXATTR, 10)
            .Finish();
}
