using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Memory;
using Dragonet.Net;
using Dragonet.Vfs;

namespace Dragonet.Linux.PacketSockets;

/// <summary>Rings of packet sockets (PACKET_RX_RING and PACKET_TX_RING of packet(7); packet_mmap.rst). All fields are guarded by the stack's lock.</summary>
internal sealed partial class PacketFile
{
    private const int FramesAtOnce = 64; // the stack delivers them, and others have their turn, before there are more
    private const long MostRingBytes = 64L << 20;

    private readonly RingRules _rules;
    private RingMemory? _memory;
    private (RingPart Part, RingShape Shape)? _receiving;
    private (RingPart Part, RingShape Shape)? _sending;
    private SendRing? _sendRing;

    private bool HasRings => _memory is not null;

    /// <summary>The rings, that for receiving first; EINVAL without one.</summary>
    public override Result<MemoryObject> Map(ICaller caller, bool shared, bool write)
    {
        using (_network.Enter())
        {
            return _memory is { } memory && shared ? memory : Errno.EINVAL;
        }
    }

    private Errno SetRing(ReadOnlySpan<byte> value, bool isSending)
    {
        if (!RingShape.Read(value, _version).Ok(out var shape, out var error))
        {
            return error;
        }

        if (shape.BlockCount == 0)
        {
            return shape.FrameCount == 0 ? Arrange(null, isSending) : Errno.EINVAL;
        }

        if ((isSending ? _sending : _receiving) is not null)
        {
            return Errno.EBUSY;
        }

        if (_socket.IsClosed)
        {
            return Errno.EBADF; // another thread's last close came first, and nobody would end the ring
        }

        error = shape.Check(_rules.Reserve, isSending);
        return error != Errno.OK ? error : Arrange(shape, isSending);
    }

    /// <summary>Gives both rings memory, after one of them has come or gone.</summary>
    private Errno Arrange(RingShape? shape, bool isSending)
    {
        var receives = isSending ? _receiving?.Shape : shape;
        var sends = isSending ? shape : _sending?.Shape;
        var (first, second) = (receives?.Length ?? 0, sends?.Length ?? 0);
        if (first + second > MostRingBytes)
        {
            return Errno.ENOMEM;
        }

        if (first + second == 0)
        {
            DropRings();
            return Errno.OK;
        }

        if (!RingMemory.Create(_kernel.Platform, first + second).Ok(out var memory, out var error))
        {
            return error;
        }

        if (isSending)
        {
            _receiving?.Part.Move(memory.Backing, 0, first);
            _sending = shape is { } made ? (new RingPart(memory.Backing, first), made) : null;
            _sendRing = _sending is { } ring ? new SendRing(ring.Part, ring.Shape, _rules) : null;
        }
        else
        {
            _sending?.Part.Move(memory.Backing, first, second);
            _receiving = shape is { } made ? (new RingPart(memory.Backing, 0), made) : null;
            _socket.Ring = _receiving is not { } ring ? null
                : ring.Shape.Version == PacketOption.TPACKET_V3 ? new BlockRing(ring.Part, ring.Shape, _rules, _network.Stack.Now) : new PacketRing(ring.Part, ring.Shape, _rules);
        }

        _memory?.Dispose();
        _memory = memory;
        return Errno.OK;
    }

    private void DropRings()
    {
        _socket.Ring = null;
        (_receiving, _sending, _sendRing) = (null, null, null);
        _memory?.Dispose();
        _memory = null;
    }

    private byte[] TakeStatistics()
    {
        var (seen, drops) = _socket.TakeStatistics();
        return _version == PacketOption.TPACKET_V3
            ? SocketOptions.Bytes(new tpacket_stats_v3 { tp_packets = (uint)seen, tp_drops = (uint)drops, tp_freeze_q_cnt = (_socket.Ring as BlockRing)?.TakeFreezes() ?? 0 })
            : SocketOptions.Bytes((uint)seen | (ulong)drops << 32);
    }

    /// <summary>send(2) on a socket with a ring for sending (tpacket_snd of Linux): the frames that are asked for, from where it stopped last, in place of the
    /// caller's data. At most all places once, as the guest may ask anew for what was just sent.</summary>
    private Result<int> SendRequested(byte[]? address)
    {
        int index = 0;
        ushort protocol = 0;
        var to = default(EthernetAddress);
        if (address is not null)
        {
            if (address.Length < AddressSize || address.Length < AddressHead + address[AddressHead - 1])
            {
                return Errno.EINVAL;
            }

            protocol = BinaryPrimitives.ReadUInt16BigEndian(address.AsSpan(2));
            index = BinaryPrimitives.ReadInt32LittleEndian(address.AsSpan(4));
            to = EthernetAddress.FromBytes(address.AsSpan(AddressHead));
            if (index == 0)
            {
                return Errno.ENXIO; // an address names its interface
            }
        }

        var sum = 0;
        var left = uint.MaxValue;
        while (left > 0)
        {
            using (_network.Enter())
            {
                if (_sendRing is not { } ring)
                {
                    return Errno.EBUSY; // another thread has taken it away
                }

                if (!_socket.GetLargest(index).Ok(out var largest, out var error))
                {
                    return error;
                }

                left = Math.Min(left, ring.FrameCount);
                for (var batch = FramesAtOnce; batch > 0 && left > 0; batch--, left--)
                {
                    if (!ring.IsRequested)
                    {
                        return sum;
                    }

                    if (ring.Read(largest).Ok(out var frame, out error))
                    {
                        ring.Begin();
                        error = _socket.Send(frame.Span, index, protocol, to).Ok(out var length, out var failure) ? Errno.OK : failure;
                        sum += length;
                    }

                    if (error != Errno.OK && !_rules.SkipsMalformed)
                    {
                        ring.Refuse();
                        return error;
                    }

                    ring.Finish();
                }
            }
        }

        return sum;
    }
}
