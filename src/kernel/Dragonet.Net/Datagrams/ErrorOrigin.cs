namespace Dragonet.Net;

/// <summary>Where an entry of an error queue comes from (SO_EE_ORIGIN_* of linux/errqueue.h).</summary>
public enum ErrorOrigin : byte
{
    /// <summary>An ICMP message; 3 with IPv6.</summary>
    Icmp = 2,

    /// <summary>SO_TIMESTAMPING: something was sent, or acknowledged.</summary>
    Timestamp = 4,

    /// <summary>MSG_ZEROCOPY: the sender's memory is its own again.</summary>
    ZeroCopy = 5,
}
