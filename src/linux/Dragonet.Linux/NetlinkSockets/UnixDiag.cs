using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>UNIX sockets of a jail (sock_diag(7), "UNIX domain sockets").</summary>
internal static class UnixDiag
{
    private const int RequestSize = 24; // struct unix_diag_req
    private const int StatesAt = 4;
    private const int NumberAt = 8;
    private const int ShowAt = 12;
    private const int CookieAt = 16;
    private const int AnswerSize = 16;  // struct unix_diag_msg

    public static Errno Answer(in RouteRequest request)
    {
        if (request.Body.Length < RequestSize)
        {
            return Errno.EINVAL;
        }

        if (request.Caller is not Task task)
        {
            return Errno.ENOENT;
        }

        var states = BinaryPrimitives.ReadUInt32LittleEndian(request.Body[StatesAt..]);
        var wanted = BinaryPrimitives.ReadUInt32LittleEndian(request.Body[NumberAt..]);
        var show = BinaryPrimitives.ReadUInt32LittleEndian(request.Body[ShowAt..]);
        if (!request.IsDump && wanted == 0)
        {
            return Errno.EINVAL;
        }

        foreach (var socket in UnixFamily.List(task.Jail))
        {
            if (request.IsDump)
            {
                if ((states >> socket.State & 1) != 0)
                {
                    request.Answers.Add(Describe(request, socket, show, Netlink.NLM_F_MULTI));
                }
            }
            else if ((uint)socket.Number == wanted)
            {
                if (!DiagMessages.IsCookie(request.Body[CookieAt..], socket.Number))
                {
                    return Errno.ESTALE;
                }

                request.Answers.Add(Describe(request, socket, show, 0));
                return Errno.OK;
            }
        }

        return request.IsDump ? Errno.OK : Errno.ENOENT;
    }

    private static byte[] Describe(in RouteRequest request, UnixSocketInfo socket, uint show, ushort flags)
    {
        Span<byte> bytes = stackalloc byte[AnswerSize];
        bytes.Clear();
        (bytes[0], bytes[1], bytes[2]) = ((byte)AddressFamily.AF_UNIX, (byte)socket.Type, socket.State);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], (uint)socket.Number);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], socket.Number);
        var message = new NetlinkMessage(request.Header, SockDiag.SOCK_DIAG_BY_FAMILY, flags, request.Port).Add(bytes);
        if ((show & SockDiag.UDIAG_SHOW_NAME) != 0 && socket.Name.Length > 0)
        {
            _ = message.Add(SockDiag.UNIX_DIAG_NAME, ByteString.ToBytes(socket.Name));
        }

        if ((show & SockDiag.UDIAG_SHOW_VFS) != 0 && socket.FileNumber != 0)
        {
            _ = message.Add(SockDiag.UNIX_DIAG_VFS, MemoryMarshal.AsBytes<uint>([(uint)socket.FileNumber, (uint)socket.FileDevice]));
        }

        if ((show & SockDiag.UDIAG_SHOW_PEER) != 0 && socket.Peer != 0)
        {
            _ = message.Add(SockDiag.UNIX_DIAG_PEER, (int)socket.Peer);
        }

        if ((show & SockDiag.UDIAG_SHOW_ICONS) != 0 && socket.Callers is { } callers)
        {
            _ = message.Add(SockDiag.UNIX_DIAG_ICONS, MemoryMarshal.AsBytes<uint>([.. callers.Select(number => (uint)number)]));
        }

        if ((show & SockDiag.UDIAG_SHOW_RQLEN) != 0)
        {
            _ = message.Add(SockDiag.UNIX_DIAG_RQLEN, MemoryMarshal.AsBytes<int>([socket.ReadQueue, socket.WriteQueue]));
        }

        return message.Add(SockDiag.UNIX_DIAG_SHUTDOWN, [socket.Shutdown]).Finish();
    }
}
