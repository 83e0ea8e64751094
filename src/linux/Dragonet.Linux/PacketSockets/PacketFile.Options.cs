using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.Inet;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.PacketSockets;

/// <summary>Options of packet sockets.</summary>
internal sealed partial class PacketFile
{
    /// <inheritdoc/>
    public override Errno SetOption(Task task, int level, int name, ReadOnlySpan<byte> value)
    {
        using (_network.Enter())
        {
            switch (level, name)
            {
                case (SocketOption.SOL_SOCKET, SocketOption.SO_ATTACH_FILTER):
                    if (!FilterArgument.Read(task, value).Ok(out var filter, out var error))
                    {
                        return error;
                    }

                    _socket.Filter = filter;
                    return Errno.OK;
                case (SocketOption.SOL_SOCKET, SocketOption.SO_DETACH_FILTER):
                    error = _socket.Filter is null ? Errno.ENOENT : Errno.OK;
                    _socket.Filter = null;
                    return error;
                case (SocketOption.SOL_SOCKET, _):
                    error = base.SetOption(task, level, name, value);
                    _socket.ReceiveBuffer = Options.ReceiveBuffer;
                    _rules.WantsTimes = Options.ReceiveTimestamp != 0;
                    return error;
                case (PacketOption.SOL_PACKET, _):
                    return SetPacketOption(name, value);
                default:
                    return Errno.ENOPROTOOPT;
            }
        }
    }

    /// <inheritdoc/>
    public override Result<byte[]> GetOption(Task task, int level, int name)
    {
        if (level == SocketOption.SOL_SOCKET)
        {
            return name == SocketOption.SO_BPF_EXTENSIONS ? SocketOptions.Word(64) : base.GetOption(task, level, name);
        }

        if (level != PacketOption.SOL_PACKET)
        {
            return Errno.ENOPROTOOPT;
        }

        using (_network.Enter())
        {
            switch (name)
            {
                case PacketOption.PACKET_STATISTICS:
                    return TakeStatistics();
                case PacketOption.PACKET_AUXDATA:
                    return SocketOptions.Word(_wantsAuxiliary ? 1 : 0);
                case PacketOption.PACKET_ORIGDEV:
                    return SocketOptions.Word(_wantsOrigin ? 1 : 0);
                case PacketOption.PACKET_QDISC_BYPASS:
                    return SocketOptions.Word(_bypasses ? 1 : 0);
                case PacketOption.PACKET_FANOUT:
                    return SocketOptions.Word((int)_socket.Fanout);
                case PacketOption.PACKET_ROLLOVER_STATS:
                    return _socket.Rolled is { } rolled ? (byte[])[.. SocketOptions.Bytes(rolled.All), .. SocketOptions.Bytes(0UL), .. SocketOptions.Bytes(rolled.Failed)] : Errno.EINVAL;
                case PacketOption.PACKET_VERSION:
                    return SocketOptions.Word(_version);
                case PacketOption.PACKET_RESERVE:
                    return SocketOptions.Word(_rules.Reserve);
                case PacketOption.PACKET_LOSS:
                    return SocketOptions.Word(_rules.SkipsMalformed ? 1 : 0);
                case PacketOption.PACKET_TX_HAS_OFF:
                    return SocketOptions.Word(_rules.HasOffsets ? 1 : 0);
                case PacketOption.PACKET_TIMESTAMP:
                    return SocketOptions.Word(_rules.Stamps);
                case PacketOption.PACKET_IGNORE_OUTGOING:
                    return SocketOptions.Word(_socket.IgnoresOutgoing ? 1 : 0);
                default:
                    return Errno.ENOPROTOOPT;
            }
        }
    }

    /// <summary>PACKET_HDRLEN asks with a version what a frame's header is long; EINVAL for versions that are not here.</summary>
    public override Result<byte[]> GetOption(Task task, int level, int name, ReadOnlySpan<byte> given)
    {
        if (level != PacketOption.SOL_PACKET || name != PacketOption.PACKET_HDRLEN)
        {
            return GetOption(task, level, name);
        }

        return given.Length >= 4 && BinaryPrimitives.ReadInt32LittleEndian(given) is >= PacketOption.TPACKET_V1 and <= PacketOption.TPACKET_V3 and var version
            ? SocketOptions.Word(RingShape.SizeOf(version)) : Errno.EINVAL;
    }

    private Errno SetPacketOption(int name, ReadOnlySpan<byte> value)
    {
        if (name is PacketOption.PACKET_ADD_MEMBERSHIP or PacketOption.PACKET_DROP_MEMBERSHIP)
        {
            return SetMembership(name == PacketOption.PACKET_ADD_MEMBERSHIP, value);
        }

        if (value.Length < 4)
        {
            return Errno.EINVAL;
        }

        var number = BinaryPrimitives.ReadInt32LittleEndian(value);
        switch (name)
        {
            case PacketOption.PACKET_AUXDATA:
                _wantsAuxiliary = number != 0;
                return Errno.OK;
            case PacketOption.PACKET_ORIGDEV:
                _wantsOrigin = number != 0;
                return Errno.OK;
            case PacketOption.PACKET_QDISC_BYPASS:
                _bypasses = number != 0;
                return Errno.OK;
            case PacketOption.PACKET_FANOUT:
                // int, or struct fanout_args, whose third part is a limit of members; the type is in the low byte of the upper half.
                return _socket.Join((ushort)number, (byte)(number >> 16), (ushort)((uint)number >> 16 & 0xff00));
            case PacketOption.PACKET_IGNORE_OUTGOING when number is 0 or 1:
                _socket.IgnoresOutgoing = number != 0;
                return Errno.OK;
            case PacketOption.PACKET_IGNORE_OUTGOING:
                return Errno.EINVAL;
            case PacketOption.PACKET_VERSION or PacketOption.PACKET_RESERVE or PacketOption.PACKET_LOSS when HasRings:
                return Errno.EBUSY;
            case PacketOption.PACKET_VERSION when number is >= PacketOption.TPACKET_V1 and <= PacketOption.TPACKET_V3:
                _version = number;
                return Errno.OK;
            case PacketOption.PACKET_VERSION:
                return Errno.EINVAL;
            case PacketOption.PACKET_RESERVE when number is >= 0 and < 4096:
                _rules.Reserve = number;
                return Errno.OK;
            case PacketOption.PACKET_RESERVE:
                return Errno.EINVAL;
            case PacketOption.PACKET_LOSS or PacketOption.PACKET_TX_HAS_OFF or PacketOption.PACKET_TIMESTAMP when value.Length != 4:
                return Errno.EINVAL;
            case PacketOption.PACKET_LOSS:
                _rules.SkipsMalformed = number != 0;
                return Errno.OK;
            case PacketOption.PACKET_TX_HAS_OFF:
                _rules.HasOffsets = HasRings ? _rules.HasOffsets : number != 0; // Linux does not say that it is too late
                return Errno.OK;
            case PacketOption.PACKET_TIMESTAMP:
                _rules.Stamps = number;
                return Errno.OK;
            case PacketOption.PACKET_RX_RING or PacketOption.PACKET_TX_RING:
                return SetRing(value, name == PacketOption.PACKET_TX_RING);
            default:
                return Errno.ENOPROTOOPT;
        }
    }

    /// <summary>struct packet_mreq: all of a link's frames are seen by every packet socket, so only those for others need asking.</summary>
    private Errno SetMembership(bool isAdded, ReadOnlySpan<byte> value)
    {
        if (value.Length < 8)
        {
            return Errno.EINVAL;
        }

        var index = BinaryPrimitives.ReadInt32LittleEndian(value);
        switch (BinaryPrimitives.ReadUInt16LittleEndian(value[4..]))
        {
            case PacketOption.PACKET_MR_PROMISC:
                return _socket.SetPromiscuous(index, isAdded);
            case PacketOption.PACKET_MR_ALLMULTI or PacketOption.PACKET_MR_MULTICAST or PacketOption.PACKET_MR_UNICAST:
                return _network.Stack.FindInterface(index) is null ? Errno.ENODEV : Errno.OK;
            default:
                return Errno.EINVAL;
        }
    }
}
