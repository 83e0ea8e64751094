using System.Runtime.InteropServices;

namespace Dragonet.Abi;

/// <summary>Levels and options of IP sockets (linux/in.h, linux/in6.h, linux/tcp.h, linux/udp.h).</summary>
public static class InetOption
{
    public const int IPPROTO_IP = 0;
    public const int IPPROTO_ICMP = 1;
    public const int IPPROTO_TCP = 6;
    public const int IPPROTO_UDP = 17;
    public const int IPPROTO_IPV6 = 41;
    public const int IPPROTO_ICMPV6 = 58;
    public const int IPPROTO_UDPLITE = 136;
    public const int IPPROTO_RAW = 255;
    public const int SOL_RAW = 255;
    public const int ICMP_FILTER = 1;
    public const int ICMPV6_FILTER = 1;
    public const int IPV6_CHECKSUM = 7;

    public const int IP_TOS = 1;
    public const int IP_TTL = 2;
    public const int IP_HDRINCL = 3;
    public const int IP_OPTIONS = 4;
    public const int IP_RECVOPTS = 6;
    public const int IP_RETOPTS = 7;
    public const int IP_PKTINFO = 8;
    public const int IP_MTU_DISCOVER = 10;
    public const int IP_RECVERR = 11;
    public const int IP_RECVTTL = 12;
    public const int IP_RECVTOS = 13;
    public const int IP_MTU = 14;
    public const int IP_FREEBIND = 15;
    public const int IP_TRANSPARENT = 19;
    public const int IP_RECVORIGDSTADDR = 20;
    public const int IP_MINTTL = 21;
    public const int IP_BIND_ADDRESS_NO_PORT = 24;
    public const int IP_UNICAST_IF = 50;
    public const int IP_LOCAL_PORT_RANGE = 51;
    public const int IP_MULTICAST_IF = 32;
    public const int IP_MULTICAST_TTL = 33;
    public const int IP_MULTICAST_LOOP = 34;
    public const int IP_ADD_MEMBERSHIP = 35;
    public const int IP_DROP_MEMBERSHIP = 36;
    public const int IP_UNBLOCK_SOURCE = 37;
    public const int IP_BLOCK_SOURCE = 38;
    public const int IP_ADD_SOURCE_MEMBERSHIP = 39;
    public const int IP_DROP_SOURCE_MEMBERSHIP = 40;
    public const int IP_MSFILTER = 41;
    public const int MCAST_JOIN_GROUP = 42;
    public const int MCAST_BLOCK_SOURCE = 43;
    public const int MCAST_UNBLOCK_SOURCE = 44;
    public const int MCAST_LEAVE_GROUP = 45;
    public const int MCAST_JOIN_SOURCE_GROUP = 46;
    public const int MCAST_LEAVE_SOURCE_GROUP = 47;
    public const int MCAST_MSFILTER = 48;
    public const int IP_MULTICAST_ALL = 49;
    public const uint MCAST_EXCLUDE = 0;
    public const uint MCAST_INCLUDE = 1;

    public const int IPV6_UNICAST_HOPS = 16;
    public const int IPV6_MULTICAST_IF = 17;
    public const int IPV6_MULTICAST_HOPS = 18;
    public const int IPV6_MULTICAST_LOOP = 19;
    public const int IPV6_ADD_MEMBERSHIP = 20;
    public const int IPV6_DROP_MEMBERSHIP = 21;
    public const int IPV6_MTU_DISCOVER = 23;
    public const int IPV6_MTU = 24;
    public const int IPV6_RECVERR = 25;
    public const int IPV6_V6ONLY = 26;
    public const int IPV6_MULTICAST_ALL = 29;
    public const int IPV6_2292PKTINFO = 2;
    public const int IPV6_2292HOPOPTS = 3;
    public const int IPV6_2292DSTOPTS = 4;
    public const int IPV6_2292RTHDR = 5;
    public const int IPV6_2292HOPLIMIT = 8;
    public const int IPV6_FLOWINFO = 11;
    public const int IPV6_FLOWLABEL_MGR = 32;
    public const int IPV6_FLOWINFO_SEND = 33;
    public const int IPV6_RECVHOPOPTS = 53;
    public const int IPV6_HOPOPTS = 54;
    public const int IPV6_RTHDRDSTOPTS = 55;
    public const int IPV6_RECVRTHDR = 56;
    public const int IPV6_RTHDR = 57;
    public const int IPV6_RECVDSTOPTS = 58;
    public const int IPV6_DSTOPTS = 59;
    public const int IPV6_RECVPATHMTU = 60;
    public const int IPV6_PATHMTU = 61;
    public const int IPV6_AUTOFLOWLABEL = 70;
    public const int IPV6_ADDR_PREFERENCES = 72;
    public const int IPV6_UNICAST_IF = 76;
    public const int IPV6_RECVPKTINFO = 49;
    public const int IPV6_PKTINFO = 50;
    public const int IPV6_RECVHOPLIMIT = 51;
    public const int IPV6_HOPLIMIT = 52;
    public const int IPV6_RECVTCLASS = 66;
    public const int IPV6_TCLASS = 67;
    public const int IPV6_DONTFRAG = 62;
    public const int IPV6_MINHOPCOUNT = 73;
    public const int IPV6_RECVORIGDSTADDR = 74;
    public const int IPV6_TRANSPARENT = 75;
    public const int IPV6_FREEBIND = 78;

    public const int IP_PMTUDISC_DONT = 0;
    public const int IP_PMTUDISC_WANT = 1;
    public const int IP_PMTUDISC_DO = 2;
    public const int IP_PMTUDISC_PROBE = 3;
    public const int IP_PMTUDISC_OMIT = 5;

    public const int TCP_NODELAY = 1;
    public const int TCP_MAXSEG = 2;
    public const int TCP_CORK = 3;
    public const int TCP_KEEPIDLE = 4;
    public const int TCP_KEEPINTVL = 5;
    public const int TCP_KEEPCNT = 6;
    public const int TCP_SYNCNT = 7;
    public const int TCP_LINGER2 = 8;
    public const int TCP_DEFER_ACCEPT = 9;
    public const int TCP_WINDOW_CLAMP = 10;
    public const int TCP_INFO = 11;
    public const int TCP_QUICKACK = 12;
    public const int TCP_CONGESTION = 13;
    public const int TCP_USER_TIMEOUT = 18;
    public const int TCP_REPAIR = 19;
    public const int TCP_FASTOPEN = 23;
    public const int TCP_NOTSENT_LOWAT = 25;
    public const int TCP_SAVE_SYN = 27;
    public const int TCP_SAVED_SYN = 28;
    public const int TCP_FASTOPEN_CONNECT = 30;
    public const int TCP_FASTOPEN_KEY = 33;
    public const int TCP_FASTOPEN_NO_COOKIE = 34;
    public const int TCP_CC_INFO = 26;
    public const int TCP_ULP = 31;
    public const int TCP_INQ = 36;

    public const int UDP_CORK = 1;
    public const int UDP_NO_CHECK6_TX = 101;
    public const int UDP_NO_CHECK6_RX = 102;
    public const int UDP_SEGMENT = 103;
    public const int UDP_GRO = 104;
    public const int UDPLITE_SEND_CSCOV = 10;
    public const int UDPLITE_RECV_CSCOV = 11;
}

/// <summary>struct in_pktinfo; addresses in network byte order.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct in_pktinfo
{
    public int ipi_ifindex;
    public uint ipi_spec_dst;
    public uint ipi_addr;
}

/// <summary>struct tcp_info (linux/tcp.h), as far as it has been since Linux 4.18; times in microseconds.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct tcp_info
{
    public byte tcpi_state;
    public byte tcpi_ca_state;
    public byte tcpi_retransmits;
    public byte tcpi_probes;
    public byte tcpi_backoff;
    public byte tcpi_options;
    public byte tcpi_wscale;
    public byte tcpi_flags;
    public uint tcpi_rto;
    public uint tcpi_ato;
    public uint tcpi_snd_mss;
    public uint tcpi_rcv_mss;
    public uint tcpi_unacked;
    public uint tcpi_sacked;
    public uint tcpi_lost;
    public uint tcpi_retrans;
    public uint tcpi_fackets;
    public uint tcpi_last_data_sent;
    public uint tcpi_last_ack_sent;
    public uint tcpi_last_data_recv;
    public uint tcpi_last_ack_recv;
    public uint tcpi_pmtu;
    public uint tcpi_rcv_ssthresh;
    public uint tcpi_rtt;
    public uint tcpi_rttvar;
    public uint tcpi_snd_ssthresh;
    public uint tcpi_snd_cwnd;
    public uint tcpi_advmss;
    public uint tcpi_reordering;
    public uint tcpi_rcv_rtt;
    public uint tcpi_rcv_space;
    public uint tcpi_total_retrans;
    public ulong tcpi_pacing_rate;
    public ulong tcpi_max_pacing_rate;
    public ulong tcpi_bytes_acked;
    public ulong tcpi_bytes_received;
    public uint tcpi_segs_out;
    public uint tcpi_segs_in;
    public uint tcpi_notsent_bytes;
    public uint tcpi_min_rtt;
}

/// <summary>ioctl(2) requests about network interfaces (linux/sockios.h), and flags of interfaces (linux/if.h).</summary>
public static class NetDevice
{
    public const uint SIOCGSTAMP = 0x8906;
    public const uint SIOCGIFNAME = 0x8910;
    public const uint SIOCGIFCONF = 0x8912;
    public const uint SIOCGIFFLAGS = 0x8913;
    public const uint SIOCSIFFLAGS = 0x8914;
    public const uint SIOCADDRT = 0x890b;
    public const uint SIOCDELRT = 0x890c;
    public const uint SIOCGIFADDR = 0x8915;
    public const uint SIOCSIFADDR = 0x8916;
    public const uint SIOCSIFBRDADDR = 0x891a;
    public const uint SIOCSIFNETMASK = 0x891c;
    public const uint SIOCSIFMTU = 0x8922;
    public const uint SIOCSIFNAME = 0x8923;
    public const uint SIOCSIFHWADDR = 0x8924;
    public const uint SIOCSIFTXQLEN = 0x8943;
    public const uint SIOCETHTOOL = 0x8946;
    public const uint SIOCGIFDSTADDR = 0x8917;
    public const uint SIOCGIFBRDADDR = 0x8919;
    public const uint SIOCGIFNETMASK = 0x891b;
    public const uint SIOCGIFMETRIC = 0x891d;
    public const uint SIOCGIFMTU = 0x8921;
    public const uint SIOCGIFHWADDR = 0x8927;
    public const uint SIOCGIFINDEX = 0x8933;
    public const uint SIOCGIFTXQLEN = 0x8942;

    public const int IFNAMSIZ = 16;

    public const ushort IFF_UP = 1;
    public const ushort IFF_BROADCAST = 2;
    public const ushort IFF_LOOPBACK = 8;
    public const ushort IFF_POINTOPOINT = 0x10;
    public const ushort IFF_RUNNING = 0x40;
    public const ushort IFF_NOARP = 0x80;
    public const ushort IFF_MULTICAST = 0x1000;

    public const ushort ARPHRD_ETHER = 1;
    public const ushort ARPHRD_LOOPBACK = 772;
    public const ushort ARPHRD_NONE = 0xfffe;
}
