using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Net;

namespace Dragonet.Linux.PacketSockets;

/// <summary>
/// A ring of received frames (PACKET_RX_RING of packet(7), TPACKET_V1 and V2, whose headers are of one size). Each frame begins with a word that says whose it is:
/// the kernel reads that word alone, and nothing follows from it but whether a place is free.
/// </summary>
internal sealed class PacketRing(RingPart part, RingShape shape, RingRules rules) : IPacketRing
{
    private uint _next;
    private bool _isLosing;

    /// <inheritdoc/>
    public bool HasData => StatusOf((_next + shape.FrameCount - 1) % shape.FrameCount) != PacketOption.TP_STATUS_KERNEL;

    /// <inheritdoc/>
    public bool HasRoom => StatusOf(_next) == PacketOption.TP_STATUS_KERNEL;

    /// <inheritdoc/>
    public bool WantsFlow => false;

    /// <inheritdoc/>
    public long Deadline => long.MaxValue;

    /// <inheritdoc/>
    public bool Put(ReadOnlySpan<byte> bytes, in PacketInfo about, uint flow)
    {
        if (!HasRoom)
        {
            _isLosing = true;
            return false;
        }

        var (start, network) = shape.Place(about.NetworkOffset, rules.HasHeader, rules.Reserve);
        var kept = bytes[..Math.Min(bytes.Length, Math.Max(shape.FrameSize - start, 0))];
        var frame = new byte[Math.Min(start, shape.FrameSize) + kept.Length];
        WriteHeader(frame, about, kept.Length, start, network);
        PacketFile.AddressOf(about).AsSpan().CopyTo(frame.AsSpan(shape.HeaderSize));
        kept.CopyTo(frame.AsSpan(frame.Length - kept.Length));

        // The status last, so that the guest never sees a frame that is not whole.
        var place = shape.PlaceOf(_next);
        part.Write(place + 4, frame.AsSpan(4));
        part.Write(place, frame.AsSpan(0, 4));
        _next = (_next + 1) % shape.FrameCount;
        return true;
    }

    /// <inheritdoc/>
    public void Expire(long now)
    {
        // A frame is shown when it comes.
    }

    /// <inheritdoc/>
    public void ForgetLosses() => _isLosing = false;

    private void WriteHeader(Span<byte> frame, in PacketInfo about, int kept, int start, int network)
    {
        var status = PacketOption.TP_STATUS_USER | rules.StampStatus
            | (about.HasNoChecksum ? PacketOption.TP_STATUS_CSUMNOTREADY : 0) | (_isLosing ? PacketOption.TP_STATUS_LOSING : 0);
        var (seconds, rest) = rules.ToCalendar(about.Time);
        if (shape.Version == PacketOption.TPACKET_V1)
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

    private uint StatusOf(uint frame) => part.ReadWord(shape.PlaceOf(frame));
}
