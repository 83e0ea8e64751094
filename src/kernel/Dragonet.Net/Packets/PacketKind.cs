namespace Dragonet.Net;

/// <summary>PACKET_* of linux/if_packet.h: to whom a frame was sent.</summary>
public enum PacketKind
{
    /// <summary>To this machine.</summary>
    Host = 0,

    /// <summary>To everybody on the link.</summary>
    Broadcast = 1,

    /// <summary>To a group.</summary>
    Multicast = 2,

    /// <summary>To somebody else; seen by a promiscuous interface.</summary>
    Other = 3,

    /// <summary>By this machine.</summary>
    Outgoing = 4,
}
