using Dragonet.Abi;

namespace Dragonet.Linux.PacketSockets;

/// <summary>What a packet socket's rings need to know of it. Guarded by the stack's lock.</summary>
/// <param name="hasHeader">Frames have their link header.</param>
/// <param name="realTime">Turns the stack's time into that of the calendar.</param>
internal sealed class RingRules(bool hasHeader, Func<long, long> realTime)
{
    public bool HasHeader => hasHeader;

    /// <summary>PACKET_RESERVE; it stays while there is a ring.</summary>
    public int Reserve { get; set; }

    /// <summary>PACKET_LOSS: what cannot be sent is left out; it stays while there is a ring.</summary>
    public bool SkipsMalformed { get; set; }

    /// <summary>PACKET_TX_HAS_OFF: frames to be sent say where their data is; it stays while there is a ring.</summary>
    public bool HasOffsets { get; set; }

    /// <summary>PACKET_TIMESTAMP: SOF_TIMESTAMPING_*.</summary>
    public int Stamps { get; set; }

    /// <summary>SO_TIMESTAMP or one of its kin is on.</summary>
    public bool WantsTimes { get; set; }

    /// <summary>What a frame's status says of its time (tpacket_get_timestamp of Linux): no device here has a clock. Linux says it to all when any socket
    /// has asked for times.</summary>
    public uint StampStatus => WantsTimes || ((uint)Stamps & SocketOption.SOF_TIMESTAMPING_SOFTWARE) != 0 ? PacketOption.TP_STATUS_TS_SOFTWARE : 0;

    /// <summary>A time of the stack in the shape of a header.</summary>
    public (uint Seconds, uint Nanoseconds) ToCalendar(long time)
    {
        var real = realTime(time);
        return ((uint)(real / 1_000_000_000), (uint)(real % 1_000_000_000));
    }
}
