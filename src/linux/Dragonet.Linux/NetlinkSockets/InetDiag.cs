using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Linux.Inet;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>TCP, UDP and raw sockets of a stack (sock_diag(7), "IPv4 and IPv6 sockets").</summary>
internal static class InetDiag
{
    private const int RequestSize = 56;  // struct inet_diag_req_v2
    private const int ProtocolAt = 1;
    private const int ExtensionsAt = 2;
    private const int StatesAt = 4;
    private const int IdentityAt = 8;    // struct inet_diag_sockid
    private const int CookieAt = 48;

    public static Errno Answer(ref RouteRequest request, bool isDestroy)
    {
        if (request.Body.Length < RequestSize)
        {
            return Errno.EINVAL;
        }

        var protocol = request.Body[ProtocolAt];
        if (protocol is not (InetOption.IPPROTO_TCP or InetOption.IPPROTO_UDP or InetOption.IPPROTO_RAW))
        {
            return Errno.ENOENT; // no module of that name (inet_diag_lock_handler of Linux)
        }

        using (request.Network.Enter())
        {
            return request.IsDump && !isDestroy ? List(ref request, protocol)
                : isDestroy && !request.Caller.Credentials.Has(Capability.CAP_NET_ADMIN) ? Errno.EPERM
                : Find(request, protocol, out var found) is not Errno.OK and var error ? error
                : isDestroy ? Destroy(request, found)
                : AddAnswer(request, found, 0);
        }
    }

    private static Errno List(ref RouteRequest request, byte protocol)
    {
        var states = BinaryPrimitives.ReadUInt32LittleEndian(request.Body[StatesAt..]);
        var isV6 = request.Family == (byte)AddressFamily.AF_INET6;
        var program = NetlinkAttributes.Behind(request.Body, RequestSize).TryGet(SockDiag.INET_DIAG_REQ_BYTECODE, out var bytes) ? bytes : default;
        if (!program.IsEmpty && !DiagFilter.IsSound(program))
        {
            return Errno.EINVAL;
        }

        var identity = request.Body[IdentityAt..];
        var (ownPort, otherPort) = (BinaryPrimitives.ReadUInt16BigEndian(identity), BinaryPrimitives.ReadUInt16BigEndian(identity[2..]));
        foreach (var socket in DiagSocket.All(request.Network, protocol))
        {
            if (socket.IsV6 == isV6 && (states >> socket.State & 1) != 0 && (ownPort == 0 || ownPort == socket.Local.Port)
                && (otherPort == 0 || otherPort == socket.Remote.Port) && (program.IsEmpty || DiagFilter.Run(program, socket)))
            {
                _ = AddAnswer(request, socket, Netlink.NLM_F_MULTI);
            }
        }

        return Errno.OK;
    }

    private static Errno AddAnswer(in RouteRequest request, DiagSocket socket, ushort flags)
    {
        request.Answers.Add(socket.Describe(new NetlinkMessage(request.Header, SockDiag.SOCK_DIAG_BY_FAMILY, flags, request.Port), request.Body[ExtensionsAt]));
        return Errno.OK;
    }

    /// <summary>The socket with these addresses, which may be a listener.</summary>
    private static Errno Find(in RouteRequest request, byte protocol, out DiagSocket found)
    {
        var isV6 = request.Family == (byte)AddressFamily.AF_INET6;
        var identity = request.Body[IdentityAt..];
        var (own, other) = (Read(identity, 4, 0), Read(identity, 20, 2));
        foreach (var socket in DiagSocket.All(request.Network, protocol))
        {
            if (socket.IsV6 == isV6 && socket.Local.Port == own.Port && socket.Remote.Port == other.Port
                && IsSame(socket.Local.Address, own.Address) && IsSame(socket.Remote.Address, other.Address))
            {
                found = socket;
                return DiagMessages.IsCookie(request.Body[CookieAt..], socket.Number) ? Errno.OK : Errno.ENOENT; // another one with the same addresses
            }
        }

        found = default;
        return Errno.ENOENT;

        Net.Endpoint Read(ReadOnlySpan<byte> bytes, int at, int portAt) =>
            new(Net.IPAddress.FromBytes(bytes.Slice(at, isV6 ? 16 : 4)), BinaryPrimitives.ReadUInt16BigEndian(bytes[portAt..]));

        static bool IsSame(Net.IPAddress one, Net.IPAddress two) => one == two || (one.IsUnspecified && two.IsUnspecified);
    }

    /// <summary>ss -K: the connection is reset, and its user is told ECONNABORTED (tcp_abort of Linux).</summary>
    private static Errno Destroy(in RouteRequest request, in DiagSocket socket) =>
        socket.Tcp is null ? Errno.EOPNOTSUPP : request.Stack.AbortTcp(socket.Local, socket.Remote) ? Errno.OK : Errno.ENOENT;
}
