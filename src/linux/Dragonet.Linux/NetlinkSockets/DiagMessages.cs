using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>What sock_diag(7) answers: which sockets there are, for ss(8). Outside the stack, which the families enter.</summary>
internal static class DiagMessages
{
    private const int FamilyAt = 0;
    private const int ProtocolAt = 1;

    public static Errno Answer(ref RouteRequest request)
    {
        if (request.Header.nlmsg_type is not (SockDiag.SOCK_DIAG_BY_FAMILY or SockDiag.SOCK_DESTROY) || request.Body.Length < 4)
        {
            return Errno.EINVAL;
        }

        var isDestroy = request.Header.nlmsg_type == SockDiag.SOCK_DESTROY;
        var isNetlink = request.Body[FamilyAt] == (byte)AddressFamily.AF_NETLINK;
        switch ((AddressFamily)request.Body[FamilyAt])
        {
            case AddressFamily.AF_INET or AddressFamily.AF_INET6:
                return InetDiag.Answer(ref request, isDestroy);
            case AddressFamily.AF_UNIX or AddressFamily.AF_PACKET or AddressFamily.AF_NETLINK when isDestroy:
                return request.Caller.Credentials.Has(Capability.CAP_NET_ADMIN) ? Errno.EOPNOTSUPP : Errno.EPERM;
            case AddressFamily.AF_UNIX:
                return UnixDiag.Answer(request);
            case AddressFamily.AF_PACKET when request.IsDump:
                return PacketDiag.List(request);
            case AddressFamily.AF_PACKET:
                return Errno.EOPNOTSUPP;
            default:
                // Netlink sockets are not listed; there is nobody to ask about other families (sock_diag_lock_handler of Linux).
                return isNetlink && request.IsDump && request.Body[ProtocolAt] >= 0 ? Errno.OK : request.Body[FamilyAt] >= (int)AddressFamily.AF_MAX ? Errno.EINVAL : Errno.ENOENT;
        }
    }

    /// <summary>A cookie that the caller gives must be the socket's; all ones stand for any.</summary>
    public static bool IsCookie(ReadOnlySpan<byte> given, ulong number) => BinaryPrimitives.ReadUInt64LittleEndian(given) is var cookie && (cookie == ulong.MaxValue || cookie == number);
}
