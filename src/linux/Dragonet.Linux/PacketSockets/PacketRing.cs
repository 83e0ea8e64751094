using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Memory;
using Dragonet.Net;
using Dragonet.Platform;

namespace Dragonet.Linux.PacketSockets;

/// <summary>
/// A ring of frames in memory that the guest maps (PACKET_RX_RING of packet(7), TPACKET_V1 and V2, whose headers are of one size). Each frame begins with a word that says whose it is.
/// The guest may write anything there at any time: the kernel reads that word alone, and nothing follows from it but whether a place is free.
/// </summary>
internal sealed class PacketRing : MemoryObject, IPacketRing, IDisposable
{
    private const int Alignment = 16;    // TPACKET_ALIGNMENT
    private const int HeaderSize = 32;   // sizeof(struct tpacket_hdr) and of struct tpacket2_hdr
    private const int AddressSize = 20;  // sizeof(struct sockaddr_ll)
    private const int PageSize = 4096;
    private const long MostBytes = 64L << 20;

    private readonly IMemoryBacking _memory;
    private readonly tpacket_req _shape;
    private readonly int _reserve;
    private readonly bool _hasHeader;
    private readonly Func<long, long> _realTime;
    private uint _next;
    private bool _isLosing;

    private readonly int _version;

    private PacketRing(IMemoryBacking memory, in tpacket_req shape, int version, int reserve, bool hasHeader, Func<long, long> realTime)
    {
        _memory = memory;
        _shape = shape;
        _version = version;
        _reserve = reserve;
        _hasHeader = hasHeader;
        _realTime = realTime;
    }

    /// <inheritdoc/>
    public bool HasData => StatusOf((_next + _shape.tp_frame_nr - 1) % _shape.tp_frame_nr) != PacketOption.TP_STATUS_KERNEL;

    /// <summary>Makes one: EINVAL for a shape that is none (packet_set_ring of Linux), ENOMEM for too large a one.</summary>
    /// <param name="platform">Gives the memory.</param>
    /// <param name="shape">Blocks and frames.</param>
    /// <param name="version">TPACKET_V1 or TPACKET_V2.</param>
    /// <param name="reserve">PACKET_RESERVE.</param>
    /// <param name="hasHeader">Frames have their link header.</param>
    /// <param name="realTime">Turns the stack's time into that of the calendar.</param>
    public static Result<PacketRing> Create(IPlatform platform, in tpacket_req shape, int version, int reserve, bool hasHeader, Func<long, long> realTime)
    {
        if (shape.tp_block_size is 0 or > int.MaxValue || shape.tp_block_size % PageSize != 0 || shape.tp_frame_size % Alignment != 0
            || shape.tp_frame_size < HeaderSize + AddressSize + (uint)reserve || shape.tp_frame_size > shape.tp_block_size)
        {
            return Errno.EINVAL;
        }

        var perBlock = shape.tp_block_size / shape.tp_frame_size;
        if ((ulong)perBlock * shape.tp_block_nr != shape.tp_frame_nr)
        {
            return Errno.EINVAL;
        }

        var bytes = (long)shape.tp_block_size * shape.tp_block_nr;
        if (bytes > MostBytes || !platform.CreateMemory("packet ring").Ok(out var memory, out _))
        {
            return Errno.ENOMEM;
        }

        if (memory.SetLength(bytes) != 0)
        {
            memory.Dispose();
            return Errno.ENOMEM;
        }

        return new PacketRing(memory, shape, version, reserve, hasHeader, realTime);
    }

    /// <inheritdoc/>
    public override IMemoryBacking GetBacking(bool writable) => _memory;

    /// <inheritdoc/>
    public bool Put(ReadOnlySpan<byte> bytes, in PacketInfo about)
    {
        if (StatusOf(_next) != PacketOption.TP_STATUS_KERNEL)
        {
            _isLosing = true;
            return false;
        }

        // Where tpacket_rcv of Linux puts things: the header, the address, then the frame so that its network header is aligned.
        var link = about.NetworkOffset;
        var fixedPart = Align(HeaderSize) + AddressSize;
        var network = _hasHeader ? Align(fixedPart + Math.Max(link, 16)) + _reserve : Align(fixedPart) + 16 + _reserve;
        var start = network - (_hasHeader ? link : 0);
        var room = Math.Max((int)_shape.tp_frame_size - start, 0);
        var kept = bytes[..Math.Min(bytes.Length, room)];
        var time = _realTime(about.Time);
        var frame = new byte[start + kept.Length];
        WriteHeader(frame, about, kept.Length, start, network, time);
        PacketFile.AddressOf(about).AsSpan().CopyTo(frame.AsSpan(Align(HeaderSize)));
        kept.CopyTo(frame.AsSpan(start));
        _isLosing = false;

        // The status last, so that the guest never sees a frame that is not whole.
        var place = PlaceOf(_next);
        _ = _memory.WriteAt(place + 4, frame.AsSpan(4));
        _ = _memory.WriteAt(place, frame.AsSpan(0, 4));
        _next = (_next + 1) % _shape.tp_frame_nr;
        return true;
    }

    /// <inheritdoc/>
    public bool HasRoom => StatusOf(_next) == PacketOption.TP_STATUS_KERNEL;

    private void WriteHeader(Span<byte> frame, in PacketInfo about, int kept, int start, int network, long time)
    {
        var status = PacketOption.TP_STATUS_USER | (about.HasNoChecksum ? PacketOption.TP_STATUS_CSUMNOTREADY : 0) | (_isLosing ? PacketOption.TP_STATUS_LOSING : 0);
        var (seconds, rest) = ((uint)(time / 1_000_000_000), (uint)(time % 1_000_000_000));
        if (_version == PacketOption.TPACKET_V1)
        {
            MemoryMarshal.Write(frame, new tpacket_hdr
            {
                tp_status = status, tp_len = (uint)about.Length, tp_snaplen = (uint)kept, tp_mac = (ushort)start, tp_net = (ushort)network, tp_sec = seconds, tp_usec = rest / 1000,
            });
        }
        else
        {
            MemoryMarshal.Write(frame, new tpacket2_hdr
            {
                tp_status = status, tp_len = (uint)about.Length, tp_snaplen = (uint)kept, tp_mac = (ushort)start, tp_net = (ushort)network, tp_sec = seconds, tp_nsec = rest,
            });
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    private static int Align(int size) => (size + Alignment - 1) & ~(Alignment - 1);

    private long PlaceOf(uint frame)
    {
        var perBlock = _shape.tp_block_size / _shape.tp_frame_size;
        return (long)(frame / perBlock) * _shape.tp_block_size + (long)(frame % perBlock) * _shape.tp_frame_size;
    }

    private uint StatusOf(uint frame)
    {
        Span<byte> word = stackalloc byte[4];
        return _memory.ReadAt(PlaceOf(frame), word) == 4 ? BinaryPrimitives.ReadUInt32LittleEndian(word) : PacketOption.TP_STATUS_USER;
    }
}
