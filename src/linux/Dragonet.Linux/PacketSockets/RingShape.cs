using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Linux.PacketSockets;

/// <summary>How a ring is cut into blocks and frames (struct tpacket_req3 of linux/if_packet.h; TPACKET_V1 and V2 have its beginning).</summary>
/// <param name="Version">TPACKET_*.</param>
/// <param name="Asked">What the program gave.</param>
internal readonly record struct RingShape(int Version, tpacket_req3 Asked)
{
    /// <summary>sizeof(struct sockaddr_ll).</summary>
    public const int AddressSize = 20;

    private const int Alignment = 16; // TPACKET_ALIGNMENT
    private const int PageSize = 4096;
    private const long MostBytes = 64L << 20;

    /// <summary>The header of a frame, which the address follows: sizeof(struct tpacket3_hdr), and of struct tpacket_hdr and tpacket2_hdr.</summary>
    public int HeaderSize => SizeOf(Version);

    public long Length => (long)BlockSize * Asked.req.tp_block_nr;

    public int BlockSize => (int)Asked.req.tp_block_size;

    public uint BlockCount => Asked.req.tp_block_nr;

    public int FrameSize => (int)Asked.req.tp_frame_size;

    public uint FrameCount => Asked.req.tp_frame_nr;

    /// <summary>Where a block's packets begin: behind its header and what the program keeps there (TPACKET_V3).</summary>
    public long FirstInBlock => Marshal.SizeOf<tpacket_block_desc>() + (((long)Asked.tp_sizeof_priv + 7) & ~7L);

    /// <summary>The size of a frame's header (PACKET_HDRLEN).</summary>
    public static int SizeOf(int version) => version == PacketOption.TPACKET_V3 ? 48 : 32;

    /// <summary>Reads what setsockopt(2) got: EINVAL when it is too short for the version.</summary>
    public static Result<RingShape> Read(ReadOnlySpan<byte> value, int version)
    {
        if (value.Length < (version == PacketOption.TPACKET_V3 ? Marshal.SizeOf<tpacket_req3>() : Marshal.SizeOf<tpacket_req>()))
        {
            return Errno.EINVAL;
        }

        return new RingShape(version, version == PacketOption.TPACKET_V3 ? MemoryMarshal.Read<tpacket_req3>(value) : new tpacket_req3 { req = MemoryMarshal.Read<tpacket_req>(value) });
    }

    /// <summary>What packet_set_ring of Linux asks of a shape: EINVAL, or ENOMEM for too large a one.</summary>
    /// <param name="reserve">PACKET_RESERVE.</param>
    /// <param name="isSending">It is a ring for sending, which has frames in any version, and no blocks.</param>
    public Errno Check(int reserve, bool isSending)
    {
        var asked = Asked.req;
        var least = HeaderSize + AddressSize + (long)reserve;
        if (asked.tp_block_size is 0 or > int.MaxValue || asked.tp_block_size % PageSize != 0 || asked.tp_frame_size % Alignment != 0
            || asked.tp_frame_size < least || asked.tp_frame_size > asked.tp_block_size
            || (Version == PacketOption.TPACKET_V3 && asked.tp_block_size < FirstInBlock + least)
            || (ulong)(asked.tp_block_size / asked.tp_frame_size) * asked.tp_block_nr != asked.tp_frame_nr
            || (isSending && (Asked.tp_retire_blk_tov | Asked.tp_sizeof_priv | Asked.tp_feature_req_word) != 0))
        {
            return Errno.EINVAL;
        }

        return Length > MostBytes ? Errno.ENOMEM : Errno.OK;
    }

    /// <summary>Where a frame begins in a ring of frames: none crosses the end of a block.</summary>
    public long PlaceOf(uint frame)
    {
        var perBlock = Asked.req.tp_block_size / Asked.req.tp_frame_size;
        return (long)(frame / perBlock) * BlockSize + (long)(frame % perBlock) * FrameSize;
    }

    /// <summary>Where tpacket_rcv of Linux puts what it got: the header, the address, then the frame so that its network header is aligned.</summary>
    /// <param name="link">How long the link header is.</param>
    /// <param name="hasHeader">It is shown.</param>
    /// <param name="reserve">PACKET_RESERVE.</param>
    public (int Start, int Network) Place(int link, bool hasHeader, int reserve)
    {
        var head = HeaderSize + AddressSize;
        var network = (hasHeader ? Align(head + Math.Max(link, 16)) : Align(head) + 16) + reserve;
        return (network - (hasHeader ? link : 0), network);
    }

    private static int Align(int size) => (size + Alignment - 1) & ~(Alignment - 1);
}
