using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Net;

namespace Dragonet.Linux.PacketSockets;

/// <summary>
/// A ring of blocks of received frames (PACKET_RX_RING of packet(7), TPACKET_V3; packet_mmap.rst). A block is shown when it is full, or when it has waited long
/// enough. Of what the guest may write there the kernel reads one word for each block, and nothing follows from it but whether the block is free: all else it
/// keeps here, too.
/// </summary>
internal sealed class BlockRing : IPacketRing
{
    private const int DefaultTimeout = 8;   // DEFAULT_PRB_RETIRE_TOV of Linux, in milliseconds
    private const int StatusPlace = 8;      // offsetof(struct tpacket_block_desc, hdr.bh1.block_status)
    private const int LastTimePlace = 40;   // … hdr.bh1.ts_last_pkt

    private readonly RingPart _part;
    private readonly RingShape _shape;
    private readonly RingRules _rules;
    private readonly long _timeout;
    private tpacket_block_desc _block;      // the one that is filled; all but its status
    private uint _active;                   // its number
    private int _end;                       // where the next packet goes in it
    private int _last;                      // where the one before is
    private long _deadline = long.MaxValue;
    private bool _isFrozen;                 // the next block is still the user's
    private bool _isLosing;
    private uint _freezes;

    /// <summary>An empty one.</summary>
    /// <param name="part">Its memory.</param>
    /// <param name="shape">How it is cut.</param>
    /// <param name="rules">The socket.</param>
    /// <param name="now">The stack's time.</param>
    public BlockRing(RingPart part, RingShape shape, RingRules rules, long now)
    {
        _part = part;
        _shape = shape;
        _rules = rules;
        _timeout = (shape.Asked.tp_retire_blk_tov is 0 ? DefaultTimeout : shape.Asked.tp_retire_blk_tov) * 1_000_000L;
        Open(now);
    }

    /// <inheritdoc/>
    public bool HasData => StatusOf((_active + _shape.BlockCount - 1) % _shape.BlockCount) != PacketOption.TP_STATUS_KERNEL;

    /// <inheritdoc/>
    public bool HasRoom => StatusOf(_active) == PacketOption.TP_STATUS_KERNEL;

    /// <inheritdoc/>
    public bool WantsFlow => (_shape.Asked.tp_feature_req_word & PacketOption.TP_FT_REQ_FILL_RXHASH) != 0;

    /// <inheritdoc/>
    public long Deadline => _isFrozen ? long.MaxValue : _deadline;

    /// <summary>How often there was no block left since this was asked (tp_freeze_q_cnt).</summary>
    public uint TakeFreezes()
    {
        var count = _freezes;
        _freezes = 0;
        return count;
    }

    /// <inheritdoc/>
    public bool Put(ReadOnlySpan<byte> bytes, in PacketInfo about, uint flow)
    {
        if (_isFrozen && !TryOpen(about.Time, isNew: false))
        {
            _isLosing = true;
            return false;
        }

        var most = _shape.BlockSize - (int)_shape.FirstInBlock;
        var (start, network) = _shape.Place(about.NetworkOffset, _rules.HasHeader, _rules.Reserve);
        start = Math.Min(start, most);
        var kept = bytes[..Math.Min(bytes.Length, most - start)];
        var length = (start + kept.Length + 7) & ~7;
        if (_end + length >= _shape.BlockSize && _block.num_pkts > 0)
        {
            Retire(0);
            if (!TryOpen(about.Time, isNew: true))
            {
                _isLosing = true;
                return false;
            }
        }

        var (seconds, rest) = _rules.ToCalendar(about.Time);
        var frame = new byte[start + kept.Length];
        MemoryMarshal.Write(frame, new tpacket3_hdr
        {
            tp_next_offset = (uint)length, tp_sec = seconds, tp_nsec = rest, tp_snaplen = (uint)kept.Length, tp_len = (uint)about.Length,
            tp_status = PacketOption.TP_STATUS_USER | _rules.StampStatus | (about.HasNoChecksum ? PacketOption.TP_STATUS_CSUMNOTREADY : 0),
            tp_mac = (ushort)start, tp_net = (ushort)network, tp_rxhash = flow,
        });
        PacketFile.AddressOf(about).AsSpan().CopyTo(frame.AsSpan(_shape.HeaderSize));
        kept.CopyTo(frame.AsSpan(start));
        _part.Write(PlaceOfBlock + _end, frame);
        _last = _end;
        _end += length;
        _block.num_pkts++;
        _block.blk_len = (uint)_end;
        _block.ts_last_pkt = new tpacket_bd_ts { ts_sec = seconds, ts_nsec = rest };
        if (_deadline == long.MaxValue)
        {
            _deadline = about.Time + _timeout; // an empty block waits for nothing
        }

        return true;
    }

    /// <inheritdoc/>
    public void Expire(long now)
    {
        if (now >= Deadline)
        {
            Retire(PacketOption.TP_STATUS_BLK_TMO);
            _ = TryOpen(now, isNew: true);
        }
    }

    /// <inheritdoc/>
    public void ForgetLosses() => _isLosing = false;

    private long PlaceOfBlock => (long)_active * _shape.BlockSize;

    private uint StatusOf(uint block) => _part.ReadWord((long)block * _shape.BlockSize + StatusPlace);

    /// <summary>Shows the block, unless the guest has said that it has it already.</summary>
    private void Retire(uint reason)
    {
        if (StatusOf(_active) != PacketOption.TP_STATUS_KERNEL)
        {
            return;
        }

        _part.WriteWord(PlaceOfBlock + _last, 0); // tp_next_offset of the last packet
        WriteBlock();
        _part.Write(PlaceOfBlock + LastTimePlace, MemoryMarshal.AsBytes(new ReadOnlySpan<tpacket_bd_ts>(ref _block.ts_last_pkt)));
        _part.WriteWord(PlaceOfBlock + StatusPlace, PacketOption.TP_STATUS_USER | reason | (_isLosing ? PacketOption.TP_STATUS_LOSING : 0));
        _active = (_active + 1) % _shape.BlockCount;
    }

    /// <summary>Begins to fill the next block; false when the user still has it.</summary>
    /// <param name="now">The stack's time.</param>
    /// <param name="isNew">It was not asked for before.</param>
    private bool TryOpen(long now, bool isNew)
    {
        if ((StatusOf(_active) & PacketOption.TP_STATUS_USER) != 0)
        {
            _freezes += isNew ? 1u : 0;
            _isFrozen = true;
            return false;
        }

        Open(now);
        return true;
    }

    private void Open(long now)
    {
        var (seconds, rest) = _rules.ToCalendar(now);
        var first = (int)_shape.FirstInBlock;
        _block = new tpacket_block_desc
        {
            version = PacketOption.TPACKET_V3,
            offset_to_priv = (uint)Marshal.SizeOf<tpacket_block_desc>(),
            offset_to_first_pkt = (uint)first,
            blk_len = (uint)first,
            seq_num = _block.seq_num + 1,
            ts_first_pkt = new tpacket_bd_ts { ts_sec = seconds, ts_nsec = rest },
        };
        (_end, _last, _isFrozen, _deadline) = (first, first, false, long.MaxValue);
        WriteBlock();
    }

    /// <summary>Writes the block's header but for its status, which only says whose it is, and the time of its last packet.</summary>
    private void WriteBlock()
    {
        var bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<tpacket_block_desc>(ref _block));
        _part.Write(PlaceOfBlock, bytes[..StatusPlace]);
        _part.Write(PlaceOfBlock + StatusPlace + 4, bytes[(StatusPlace + 4)..LastTimePlace]);
    }
}
