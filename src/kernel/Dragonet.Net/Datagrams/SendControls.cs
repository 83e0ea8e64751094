namespace Dragonet.Net;

/// <summary>What is said of one datagram only (the control messages of ip(7) and ipv6(7)); what is null is as the socket says.</summary>
/// <param name="HopLimit">IP_TTL, IPV6_HOPLIMIT.</param>
/// <param name="TrafficClass">IP_TOS, IPV6_TCLASS.</param>
/// <param name="Source">The address to send from (IP_PKTINFO, IPV6_PKTINFO).</param>
/// <param name="Interface">The number of the interface to send through (IP_PKTINFO, IPV6_PKTINFO), or 0.</param>
/// <param name="Segment">Bytes of each of the datagrams that the data is cut into (UDP_SEGMENT); 0 for one datagram.</param>
public readonly record struct SendControls(byte? HopLimit = null, byte? TrafficClass = null, IPAddress? Source = null, int Interface = 0, int? Segment = null)
{
    /// <summary>SO_TIMESTAMPING: what is to be told about this one.</summary>
    public uint? Timestamping { get; init; }

    /// <summary>IPV6_HOPOPTS and its kin, IP_RETOPTS: in place of the socket's.</summary>
    public PacketOptions? Options { get; init; }

    /// <summary>IPV6_FLOWINFO: the flow label; null for the socket's own.</summary>
    public uint? FlowLabel { get; init; }

    /// <summary>IPV6_DONTFRAG.</summary>
    public bool? DontFragment { get; init; }

    /// <summary>SO_MARK; null for the socket's.</summary>
    public uint? Mark { get; init; }

    /// <summary>MSG_ZEROCOPY.</summary>
    public bool ZeroCopy { get; init; }
}
