using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.Inet;
using Dragonet.Net;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.PacketSockets;

/// <summary>A packet socket as programs see it (packet(7)).</summary>
internal sealed partial class PacketFile : SocketFile
{
    private const int AddressSize = 20;
    private const int AddressHead = 12; // up to the hardware address

    private readonly NetworkStack _network;
    private readonly Kernel.Kernel _kernel;
    private readonly PacketSocket _socket;
    private bool _wantsAuxiliary;  // guarded by the stack's lock
    private int _version;          // guarded by the stack's lock: TPACKET_V1 is 0
    private bool _wantsOrigin;     // guarded by the stack's lock: no interface hides behind another one here, so both are the same
    private bool _bypasses;        // guarded by the stack's lock: there is no queueing discipline to pass by

    public PacketFile(Task task, NetworkStack network, SocketType type, ushort protocol, OpenFlags flags)
        : base(AddressFamily.AF_PACKET, type, BinaryPrimitives.ReverseEndianness(protocol), flags, task.Kernel.NextAnonymousInode())
    {
        _network = network;
        _kernel = task.Kernel;
        _rules = new RingRules(type == SocketType.SOCK_RAW, RealTime);
        using (network.Enter())
        {
            _socket = network.Stack.CreatePacket(type == SocketType.SOCK_RAW, protocol);
            _socket.Tag = this;
        }
    }

    /// <summary>struct sockaddr_ll of a frame.</summary>
    public static byte[] AddressOf(in PacketInfo about)
    {
        var bytes = SocketOptions.Bytes(new sockaddr_ll
        {
            sll_family = (ushort)AddressFamily.AF_PACKET,
            sll_protocol = BinaryPrimitives.ReverseEndianness(about.Protocol),
            sll_ifindex = about.InterfaceIndex,
            sll_hatype = about.LinkType,
            sll_pkttype = (byte)about.Kind,
            sll_halen = about.LinkType == NetDevice.ARPHRD_NONE ? (byte)0 : (byte)EthernetAddress.Size,
        });
        about.Source.Write(bytes.AsSpan(AddressHead));
        return bytes.AsSpan(0, AddressSize).ToArray();
    }

    /// <inheritdoc/>
    public override Errno Bind(Task task, ReadOnlySpan<byte> address)
    {
        if (address.Length < AddressSize || InetAddress.FamilyOf(address) != AddressFamily.AF_PACKET)
        {
            return Errno.EINVAL;
        }

        var protocol = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        using (_network.Enter())
        {
            return _socket.Bind(BinaryPrimitives.ReadInt32LittleEndian(address[4..]), protocol);
        }
    }

    /// <inheritdoc/>
    public override Result<byte[]> GetName()
    {
        using (_network.Enter())
        {
            var link = _network.Stack.FindInterface(_socket.InterfaceIndex);
            var hardware = link?.HardwareAddress;
            var bytes = SocketOptions.Bytes(new sockaddr_ll
            {
                sll_family = (ushort)AddressFamily.AF_PACKET,
                sll_protocol = BinaryPrimitives.ReverseEndianness(_socket.Protocol),
                sll_ifindex = _socket.InterfaceIndex,
                sll_hatype = link is null ? (ushort)0 : InterfaceRequests.TypeOf(link),
                sll_halen = hardware is null ? (byte)0 : (byte)EthernetAddress.Size,
            });
            hardware?.Write(bytes.AsSpan(AddressHead));
            return bytes[..(AddressHead + (hardware is null ? 0 : EthernetAddress.Size))];
        }
    }

    /// <inheritdoc/>
    public override Result<byte[]> GetPeerName() => Errno.EOPNOTSUPP;

    /// <inheritdoc/>
    public override Result<int> Send(ICaller caller, ReadOnlySpan<byte> data, in SendRequest request)
    {
        if (Volatile.Read(ref _sendRing) is not null)
        {
            return SendRequested(request.Address);
        }

        int index = 0;
        ushort protocol = 0;
        var to = default(EthernetAddress);
        if (request.Address is { } address)
        {
            if (address.Length < AddressHead || (Type == SocketType.SOCK_DGRAM && address.Length < AddressHead + EthernetAddress.Size))
            {
                return Errno.EINVAL;
            }

            protocol = BinaryPrimitives.ReadUInt16BigEndian(address.AsSpan(2));
            index = BinaryPrimitives.ReadInt32LittleEndian(address.AsSpan(4));
            to = address.Length >= AddressHead + EthernetAddress.Size ? EthernetAddress.FromBytes(address.AsSpan(AddressHead)) : default;
        }

        using (_network.Enter())
        {
            return _socket.Send(data, index, protocol, to);
        }
    }

    /// <summary>write(2): whatever a ring has sent, no more than was given has been taken.</summary>
    public override Result<int> Write(ICaller caller, ReadOnlySpan<byte> source) =>
        base.Write(caller, source).Ok(out var count, out var error) ? Math.Min(count, source.Length) : error;

    /// <inheritdoc/>
    public override Result<int> Receive(ICaller caller, Span<byte> buffer, MsgFlags flags, out Received received)
    {
        received = default;
        if ((flags & MsgFlags.MSG_ERRQUEUE) != 0)
        {
            return Errno.EAGAIN;
        }

        using (_network.Enter())
        {
            if (!_socket.Receive(buffer, (flags & MsgFlags.MSG_PEEK) != 0, out var about).Ok(out var count, out var error))
            {
                return error;
            }

            received.FullLength = about.Length;
            received.Address = AddressOf(about);
            received.Flags = about.Length > count ? MsgFlags.MSG_TRUNC : MsgFlags.None;
            if (_wantsAuxiliary)
            {
                received.Controls =
                [
                    (PacketOption.SOL_PACKET, PacketOption.PACKET_AUXDATA, SocketOptions.Bytes(new tpacket_auxdata
                    {
                        tp_status = PacketOption.TP_STATUS_USER | (about.HasNoChecksum ? PacketOption.TP_STATUS_CSUMNOTREADY : 0),
                        tp_len = (uint)about.Length,
                        tp_snaplen = (uint)about.Length,
                        tp_net = (ushort)about.NetworkOffset,
                    })),
                ];
            }

            return count;
        }
    }

    /// <inheritdoc/>
    public override PollEvents Poll(PollWait? wait)
    {
        wait?.Add(_socket.Queue);
        using (_network.Enter())
        {
            return _socket.Poll();
        }
    }

    /// <inheritdoc/>
    public override Errno TakeError()
    {
        using (_network.Enter())
        {
            return _socket.TakeError();
        }
    }

    /// <inheritdoc/>
    public override SysResult Ioctl(ICaller caller, uint request, ulong argument)
    {
        int length;
        using (_network.Enter())
        {
            if (request != Ioctls.SIOCINQ)
            {
                return InterfaceRequests.Run(_network, caller, request, argument);
            }

            length = _socket.NextLength;
        }

        return caller.Memory.Write(argument, length);
    }

    /// <inheritdoc/>
    protected override void OnRelease()
    {
        using (_network.Enter())
        {
            _socket.Close();
            DropRings();
        }
    }

    private long RealTime(long monotonic) => monotonic - _kernel.Clock.MonotonicNanoseconds + _kernel.Clock.RealtimeNanoseconds;
}
