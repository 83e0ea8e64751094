using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Kernel;
using Dragonet.Net;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>Packet sockets of a stack (linux/packet_diag.h).</summary>
internal static class PacketDiag
{
    private const int RequestSize = 20; // struct packet_diag_req
    private const int ShowAt = 8;
    private const int AnswerSize = 16;  // struct packet_diag_msg

    public static Errno List(in RouteRequest request)
    {
        if (request.Body.Length < RequestSize)
        {
            return Errno.EINVAL;
        }

        var show = BinaryPrimitives.ReadUInt32LittleEndian(request.Body[ShowAt..]);
        using (request.Network.Enter())
        {
            foreach (var socket in request.Stack.ListPackets())
            {
                request.Answers.Add(Describe(request, socket, show));
            }
        }

        return Errno.OK;
    }

    private static byte[] Describe(in RouteRequest request, PacketSocket socket, uint show)
    {
        var number = (socket.Tag as SocketFile)?.Number ?? 0;
        Span<byte> bytes = stackalloc byte[AnswerSize];
        bytes.Clear();
        (bytes[0], bytes[1]) = ((byte)AddressFamily.AF_PACKET, (byte)(socket.IsRaw ? SocketType.SOCK_RAW : SocketType.SOCK_DGRAM));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], socket.Protocol);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], (uint)number);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], number);
        var message = new NetlinkMessage(request.Header, SockDiag.SOCK_DIAG_BY_FAMILY, Netlink.NLM_F_MULTI, request.Port).Add(bytes);
        if ((show & SockDiag.PACKET_SHOW_INFO) != 0)
        {
            // struct packet_diag_info: the interface, then the version of the ring and four numbers that are 0.
            _ = message.Add(SockDiag.PACKET_DIAG_INFO, MemoryMarshal.AsBytes<int>([socket.InterfaceIndex, socket.Ring is null ? 0 : 1, 0, 0, 0, 0]));
        }

        return message.Finish();
    }
}
