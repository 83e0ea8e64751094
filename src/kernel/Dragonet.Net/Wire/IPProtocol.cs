namespace Dragonet.Net;

/// <summary>Numbers of the protocols above IP, and of IPv6 extension headers (IANA, "Protocol Numbers").</summary>
public enum IPProtocol : byte
{
    HopByHop = 0,
    Icmp = 1,
    Igmp = 2,
    Tcp = 6,
    Udp = 17,
    Routing = 43,
    Fragment = 44,
    IcmpV6 = 58,
    NoNext = 59,
    DestinationOptions = 60,
    UdpLite = 136,
    Raw = 255,
}
