using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Kernel;
using Dragonet.Linux.Inet;
using Dragonet.Net;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>A socket as sock_diag(7) tells of it (struct inet_diag_msg). Inside the stack.</summary>
internal readonly record struct DiagSocket
{
    private const int Size = 72; // struct inet_diag_msg

    public required bool IsV6 { get; init; }

    /// <summary>TCP_ESTABLISHED and its kin, for all protocols.</summary>
    public required byte State { get; init; }

    public required Endpoint Local { get; init; }

    public required Endpoint Remote { get; init; }

    /// <summary>What there is of TCP, or null.</summary>
    public TcpEntry? Tcp { get; private init; }

    /// <summary>What there is of other protocols, or null.</summary>
    public DatagramSocket? Datagrams { get; private init; }

    /// <summary>The inode, or 0 for what has no file any more.</summary>
    public ulong Number => File?.Number ?? 0;

    private InetFile? File => (Tcp?.Socket?.Tag ?? Datagrams?.Tag) as InetFile;

    /// <summary>All sockets of a protocol.</summary>
    public static IEnumerable<DiagSocket> All(NetworkStack network, byte protocol) => protocol switch
    {
        InetOption.IPPROTO_TCP => network.Stack.ListTcp().Where(entry => network.Shows(entry.Addresses)).Select(Of),
        InetOption.IPPROTO_UDP => network.Stack.ListUdp().Where(socket => network.Shows(socket.Addresses)).Select(Of),
        _ => network.Stack.ListRaw().Where(socket => network.Shows(socket.Addresses)).Select(Of),
    };

    /// <summary>Writes an answer, with what was asked for beside it (a bit for each INET_DIAG_*, the first is 1).</summary>
    public byte[] Describe(NetlinkMessage message, byte extensions)
    {
        Span<byte> bytes = stackalloc byte[Size];
        bytes.Clear();
        (bytes[0], bytes[1]) = ((byte)(IsV6 ? AddressFamily.AF_INET6 : AddressFamily.AF_INET), State);
        (bytes[2], bytes[3]) = (Tcp?.Timer ?? 0, (byte)(Tcp?.Retransmits ?? 0));
        BinaryPrimitives.WriteUInt16BigEndian(bytes[4..], Local.Port);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[6..], Remote.Port);
        Write(Local.Address, bytes[8..]);
        Write(Remote.Address, bytes[24..]);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[40..], Local.Scope);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[44..], Number);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[52..], (uint)Math.Clamp((Tcp?.TimeLeft ?? 0) / 1_000_000, 0, uint.MaxValue));
        BinaryPrimitives.WriteInt32LittleEndian(bytes[56..], Tcp?.ReceiveQueue ?? Datagrams!.Held);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[60..], Tcp?.SendQueue ?? 0);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[64..], Tcp?.Owner ?? Datagrams!.Owner);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[68..], (uint)Number);
        _ = message.Add(bytes);
        if (Tcp is { State: TcpState.TimeWait })
        {
            return message.Finish();
        }

        AddExtensions(message, extensions);
        return message.Finish();
    }

    private static DiagSocket Of(TcpEntry entry) => new()
    {
        IsV6 = entry.IsV6, State = (byte)entry.State, Local = entry.Local, Remote = entry.Remote, Tcp = entry,
    };

    private static DiagSocket Of(DatagramSocket socket) => new()
    {
        IsV6 = socket.IsV6,
        State = socket.Remote is null ? SockDiag.TCP_CLOSE : SockDiag.TCP_ESTABLISHED,
        Local = socket.Local,
        Remote = socket.Remote ?? new Endpoint(socket.IsV6 ? IPAddress.AnyV6 : IPAddress.AnyV4, 0),
        Datagrams = socket,
    };

    private void AddExtensions(NetlinkMessage message, byte extensions)
    {
        _ = message.Add(SockDiag.INET_DIAG_SHUTDOWN, [0]);
        var file = File;
        if (file is not null)
        {
            if (Has(extensions, SockDiag.INET_DIAG_TOS))
            {
                _ = message.Add(SockDiag.INET_DIAG_TOS, [file.ServiceType]);
            }

            if (IsV6 && Has(extensions, SockDiag.INET_DIAG_TCLASS))
            {
                _ = message.Add(SockDiag.INET_DIAG_TCLASS, [file.ServiceType]);
            }
        }

        if (IsV6 && State is SockDiag.TCP_CLOSE or SockDiag.TCP_LISTEN && IsV6)
        {
            _ = message.Add(SockDiag.INET_DIAG_SKV6ONLY, [(byte)((Tcp?.Socket?.Settings.IsV6Only ?? Datagrams?.IsV6Only) == true ? 1 : 0)]);
        }

        var (received, sent) = Tcp is { } tcp && State != SockDiag.TCP_LISTEN ? (tcp.ReceiveQueue, tcp.SendQueue) : (Datagrams?.Held ?? 0, 0);
        if (Has(extensions, SockDiag.INET_DIAG_MEMINFO))
        {
            _ = message.Add(SockDiag.INET_DIAG_MEMINFO, MemoryMarshal.AsBytes<int>([received, sent, 0, sent]));
        }

        if (Has(extensions, SockDiag.INET_DIAG_SKMEMINFO))
        {
            // Held, most, held to be sent, most, and five more: forward, queued, options, backlog, drops.
            var (most, mostSent) = (Datagrams?.ReceiveBuffer ?? Tcp?.Socket?.Settings.ReceiveBuffer ?? 0, Tcp?.Socket?.Settings.SendBuffer ?? file?.Options.SendBuffer ?? 0);
            _ = message.Add(SockDiag.INET_DIAG_SKMEMINFO, MemoryMarshal.AsBytes<int>([received, most, 0, mostSent, 0, sent, 0, 0, (int)(Datagrams?.Drops ?? 0)]));
        }

        if (file is TcpFile stream)
        {
            stream.AddDiagnosis(message, Has(extensions, SockDiag.INET_DIAG_INFO), Has(extensions, SockDiag.INET_DIAG_CONG));
        }
    }

    private static bool Has(byte extensions, ushort which) => (extensions >> (which - 1) & 1) != 0;

    private void Write(IPAddress address, Span<byte> bytes)
    {
        if (!IsV6)
        {
            address.Write(bytes);
        }
        else if (!address.IsUnspecified)
        {
            address.Write16(bytes);
        }
    }
}
