namespace Dragonet.Net;

/// <summary>Counters of a stack, with the names of RFC 4293, 4022 and 4113 (/proc/net/snmp).</summary>
public sealed class StackCounters
{
    public long IPInReceives { get; internal set; }

    public long IPInHeaderErrors { get; internal set; }

    public long IPInAddressErrors { get; internal set; }

    public long IPForwarded { get; internal set; }

    public long IPInUnknownProtocols { get; internal set; }

    public long IPInDelivers { get; internal set; }

    public long IPOutRequests { get; internal set; }

    public long IPOutNoRoutes { get; internal set; }

    public long IPReassembled { get; internal set; }

    public long IPReassemblyFailures { get; internal set; }

    public long IPFragmented { get; internal set; }

    public long IcmpInMessages { get; internal set; }

    public long IcmpInErrors { get; internal set; }

    public long IcmpOutMessages { get; internal set; }

    public long TcpActiveOpens { get; internal set; }

    public long TcpPassiveOpens { get; internal set; }

    public long TcpAttemptFailures { get; internal set; }

    public long TcpEstablishedResets { get; internal set; }

    public long TcpInSegments { get; internal set; }

    public long TcpOutSegments { get; internal set; }

    public long TcpRetransmitted { get; internal set; }

    public long TcpInErrors { get; internal set; }

    public long TcpOutResets { get; internal set; }

    public long TcpTimeouts { get; internal set; }

    public long TcpFastRetransmits { get; internal set; }

    public long TcpChallengeAcks { get; internal set; }

    public long TcpListenDrops { get; internal set; }

    /// <summary>SYN cookies sent, confirmed, and acknowledgments that were none.</summary>
    public long TcpCookiesSent { get; internal set; }

    public long TcpCookiesReceived { get; internal set; }

    public long TcpCookiesFailed { get; internal set; }

    public long UdpIn { get; internal set; }

    public long UdpNoPorts { get; internal set; }

    public long UdpInErrors { get; internal set; }

    public long UdpOut { get; internal set; }

    public long UdpBufferErrors { get; internal set; }
}
