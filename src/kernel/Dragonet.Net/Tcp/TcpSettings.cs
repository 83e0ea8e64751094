namespace Dragonet.Net;

/// <summary>Options of a TCP socket (tcp(7), ip(7), socket(7)); a connection that a listener accepts begins with a copy of the listener's.</summary>
public sealed record TcpSettings
{
    /// <summary>TCP_NODELAY: no waiting to fill segments (Nagle's algorithm, RFC 896).</summary>
    public bool NoDelay { get; set; }

    /// <summary>SO_OOBINLINE: urgent data stays in the stream.</summary>
    public bool UrgentInline { get; set; }

    /// <summary>TCP_CORK: only full segments, for 200 ms at most.</summary>
    public bool Cork { get; set; }

    /// <summary>SO_KEEPALIVE.</summary>
    public bool KeepAlive { get; set; }

    /// <summary>TCP_KEEPIDLE in seconds.</summary>
    public int KeepIdle { get; set; } = 7200;

    /// <summary>TCP_KEEPINTVL in seconds.</summary>
    public int KeepInterval { get; set; } = 75;

    /// <summary>TCP_KEEPCNT.</summary>
    public int KeepCount { get; set; } = 9;

    /// <summary>TCP_SYNCNT.</summary>
    public int SynRetries { get; set; } = 6;

    /// <summary>TCP_USER_TIMEOUT in milliseconds; 0 for none.</summary>
    public int UserTimeout { get; set; }

    /// <summary>TCP_MAXSEG, or 0.</summary>
    public int MaximumSegment { get; set; }

    /// <summary>TCP_LINGER2 in seconds: how long an orphan stays in FIN-WAIT-2.</summary>
    public int FinWait2Seconds { get; set; } = 60;

    /// <summary>TCP_DEFER_ACCEPT in seconds, as set.</summary>
    public int DeferAccept { get; set; }

    /// <summary>SO_RCVLOWAT: bytes that a reader waits for.</summary>
    public int ReceiveLowWater { get; set; } = 1;

    /// <summary>TCP_WINDOW_CLAMP: the largest window to tell; 0 for any.</summary>
    public int WindowClamp { get; set; }

    /// <summary>TCP_NOTSENT_LOWAT: a writer waits while so many bytes were not sent; 0 for no limit.</summary>
    public uint UnsentLowWater { get; set; }

    /// <summary>TCP_SAVE_SYN: 1 keeps the headers of a caller's SYN from IP on, 2 those of the link, too.</summary>
    public int SaveSyn { get; set; }

    /// <summary>IP_MINTTL: segments of IPv4 with a lower time to live are dropped.</summary>
    public byte MinimalHops { get; set; }

    /// <summary>IPV6_MINHOPCOUNT.</summary>
    public byte MinimalHopsV6 { get; set; }

    /// <summary>TCP_FASTOPEN: callers whose data may be accepted before their handshake is over; 0 for none.</summary>
    public int FastOpenQueue { get; set; }

    /// <summary>TCP_FASTOPEN_CONNECT: connect(2) waits for the first data when the server's cookie is known.</summary>
    public bool FastOpenConnect { get; set; }

    /// <summary>TCP_FASTOPEN_NO_COOKIE.</summary>
    public bool FastOpenWithoutCookie { get; set; }

    /// <summary>TCP_FASTOPEN_KEY: one or two keys of 16 bytes, of which the first makes cookies; null for the stack's own.</summary>
    public byte[]? FastOpenKey { get; set; }

    /// <summary>IP_RECVERR, IPV6_RECVERR: errors that may pass are told at once, and those of an attempt wait in a queue.</summary>
    public bool WantsErrors { get; set; }

    /// <summary>SO_MARK, for rules of policy routing.</summary>
    public uint Mark { get; set; }

    /// <summary>SO_ATTACH_FILTER.</summary>
    public PacketFilter? Filter { get; set; }

    /// <summary>TCP_CONGESTION.</summary>
    public CongestionKind Congestion { get; set; } = CongestionKind.Cubic;

    /// <summary>Bytes that may wait to be sent or acknowledged. It grows by itself.</summary>
    public int SendBuffer { get; set; }

    /// <summary>Bytes that may wait to be read: the largest window. It grows by itself.</summary>
    public int ReceiveBuffer { get; set; }

    /// <summary>SO_SNDBUF: the user has set the size.</summary>
    public bool LocksSendBuffer { get; set; }

    /// <summary>SO_RCVBUF.</summary>
    public bool LocksReceiveBuffer { get; set; }

    /// <summary>IP_TTL; null for what the route or the stack says.</summary>
    public byte? HopLimit { get; set; }

    /// <summary>IP_TOS.</summary>
    public byte TrafficClass { get; set; }

    /// <summary>SO_BINDTODEVICE: the number of an interface, or 0.</summary>
    public int BoundInterface { get; set; }

    /// <summary>The addresses that it is restricted to; null for all of the stack.</summary>
    public AddressSet? Addresses { get; set; }

    /// <summary>IP_FREEBIND.</summary>
    public bool BindsFreely { get; set; }

    /// <summary>IP_BIND_ADDRESS_NO_PORT: bind(2) without a port leaves its choice to connect(2).</summary>
    public bool DefersPort { get; set; }

    /// <summary>IP_LOCAL_PORT_RANGE: where a port is chosen from; null for anywhere.</summary>
    public (ushort First, ushort Last)? PortRange { get; set; }

    /// <summary>IPV6_AUTOFLOWLABEL: the connection has a flow label.</summary>
    public bool LabelsFlows { get; set; } = true;

    /// <summary>IPV6_FLOWINFO_SEND: the label that connect(2) was given; 0 for none.</summary>
    public uint FlowLabel { get; set; }

    /// <summary>SO_REUSEADDR.</summary>
    public bool ReuseAddress { get; set; }

    /// <summary>SO_REUSEPORT.</summary>
    public bool ReusePort { get; set; }

    /// <summary>IPV6_V6ONLY.</summary>
    public bool IsV6Only { get; set; }

    /// <summary>Who made the socket.</summary>
    public uint Owner { get; set; }
}
