namespace Dragonet.Net;

/// <summary>What a stack needs from its owner.</summary>
public sealed class StackOptions
{
    /// <summary>Called with each interface that comes.</summary>
    public Action<Interface>? InterfaceAdded { get; set; }

    /// <summary>Whether it is a router for IPv6 when that differs from <see cref="Forwards"/> (net.ipv6.conf.all.forwarding).</summary>
    public bool? ForwardsV6 { get; set; }

    /// <summary>net.ipv4.tcp_fastopen: 1 for callers, 2 for listeners, 4 and 0x200 for both without cookies, 0x400 for listeners without TCP_FASTOPEN.</summary>
    public int FastOpen { get; set; } = 1;

    /// <summary>Random numbers: secrets, identifications, ports. A seeded source makes a run repeatable.</summary>
    public required Func<ulong> Random { get; init; }

    /// <summary>Most bytes that wait in its sockets.</summary>
    public long BufferLimit { get; init; } = 256L << 20;

    /// <summary>Whether packets for others are passed on (net.ipv4.ip_forward).</summary>
    public bool Forwards { get; set; }

    /// <summary>Of the packets for others, which may pass: from where to where. Null: all.</summary>
    public Func<Interface, Interface, bool>? MayForward { get; set; }

    /// <summary>Who answers for all other addresses; null: nobody.</summary>
    public IInterceptor? Interceptor { get; init; }

    /// <summary>Called when another stack has put frames into a link of this one: <see cref="Stack.Run"/> is to be called soon. It is called
    /// inside that other stack, so it only marks.</summary>
    public Action? Arrived { get; init; }

    /// <summary>Explicit congestion notification of TCP (net.ipv4.tcp_ecn).</summary>
    public EcnPolicy Ecn { get; set; } = EcnPolicy.Accept;

    /// <summary>Whether a listener with too many half-open connections goes on with SYN cookies (net.ipv4.tcp_syncookies).</summary>
    public bool SynCookies { get; set; } = true;

    /// <summary>Most TCP connections that were asked for and not confirmed yet (SYN-RECEIVED) of one listener.</summary>
    public int HalfOpenLimit { get; init; } = 1024;

    /// <summary>net.ipv4.conf.all.arp_ignore.</summary>
    public int ArpIgnore { get; set; }

    /// <summary>net.ipv4.conf.all.arp_announce.</summary>
    public int ArpAnnounce { get; set; }

    /// <summary>net.ipv4.ip_default_ttl: how far packets of IPv4 go whose sender does not say.</summary>
    public byte HopLimit { get; set; } = 64;
}
