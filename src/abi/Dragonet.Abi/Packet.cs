using System.Runtime.InteropServices;

namespace Dragonet.Abi;

/// <summary>Packet sockets (linux/if_packet.h).</summary>
public static class PacketOption
{
    public const int SOL_PACKET = 263;

    public const int PACKET_ADD_MEMBERSHIP = 1;
    public const int PACKET_DROP_MEMBERSHIP = 2;
    public const int PACKET_RX_RING = 5;
    public const int PACKET_STATISTICS = 6;
    public const int PACKET_AUXDATA = 8;
    public const int PACKET_VERSION = 10;
    public const int PACKET_HDRLEN = 11;
    public const int PACKET_RESERVE = 12;
    public const int PACKET_TX_RING = 13;
    public const int PACKET_LOSS = 14;
    public const int PACKET_TIMESTAMP = 17;
    public const int PACKET_TX_HAS_OFF = 19;
    public const int PACKET_IGNORE_OUTGOING = 23;

    public const int PACKET_ORIGDEV = 9;
    public const int PACKET_FANOUT = 18;
    public const int PACKET_QDISC_BYPASS = 20;
    public const int PACKET_ROLLOVER_STATS = 21;

    public const int PACKET_FANOUT_HASH = 0;
    public const int PACKET_FANOUT_LB = 1;
    public const int PACKET_FANOUT_CPU = 2;
    public const int PACKET_FANOUT_ROLLOVER = 3;
    public const int PACKET_FANOUT_RND = 4;
    public const int PACKET_FANOUT_QM = 5;
    public const ushort PACKET_FANOUT_FLAG_ROLLOVER = 0x1000;
    public const ushort PACKET_FANOUT_FLAG_UNIQUEID = 0x2000;
    public const ushort PACKET_FANOUT_FLAG_DEFRAG = 0x8000;

    public const int PACKET_MR_MULTICAST = 0;
    public const int PACKET_MR_PROMISC = 1;
    public const int PACKET_MR_ALLMULTI = 2;
    public const int PACKET_MR_UNICAST = 3;

    public const int TPACKET_V1 = 0;
    public const int TPACKET_V2 = 1;
    public const int TPACKET_V3 = 2;
    public const uint TP_FT_REQ_FILL_RXHASH = 1;

    public const uint TP_STATUS_KERNEL = 0;
    public const uint TP_STATUS_USER = 1;
    public const uint TP_STATUS_COPY = 2;
    public const uint TP_STATUS_LOSING = 4;
    public const uint TP_STATUS_CSUMNOTREADY = 8;
    public const uint TP_STATUS_BLK_TMO = 32;
    public const uint TP_STATUS_TS_SOFTWARE = 1 << 29;

    public const uint TP_STATUS_AVAILABLE = 0;
    public const uint TP_STATUS_SEND_REQUEST = 1;
    public const uint TP_STATUS_SENDING = 2;
    public const uint TP_STATUS_WRONG_FORMAT = 4;
}

/// <summary>struct sockaddr_ll; the protocol in network byte order.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct sockaddr_ll
{
    public ushort sll_family;
    public ushort sll_protocol;
    public int sll_ifindex;
    public ushort sll_hatype;
    public byte sll_pkttype;
    public byte sll_halen;
    public ulong sll_addr;
}

/// <summary>struct tpacket_auxdata.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct tpacket_auxdata
{
    public uint tp_status;
    public uint tp_len;
    public uint tp_snaplen;
    public ushort tp_mac;
    public ushort tp_net;
    public ushort tp_vlan_tci;
    public ushort tp_vlan_tpid;
}

/// <summary>struct tpacket_hdr.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct tpacket_hdr
{
    public ulong tp_status;
    public uint tp_len;
    public uint tp_snaplen;
    public ushort tp_mac;
    public ushort tp_net;
    public uint tp_sec;
    public uint tp_usec;
    private readonly uint _padding;
}

/// <summary>struct tpacket2_hdr.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct tpacket2_hdr
{
    public uint tp_status;
    public uint tp_len;
    public uint tp_snaplen;
    public ushort tp_mac;
    public ushort tp_net;
    public uint tp_sec;
    public uint tp_nsec;
    public ushort tp_vlan_tci;
    public ushort tp_vlan_tpid;
    private readonly uint _padding;
}

/// <summary>struct tpacket_req.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct tpacket_req
{
    public uint tp_block_size;
    public uint tp_block_nr;
    public uint tp_frame_size;
    public uint tp_frame_nr;
}

/// <summary>struct tpacket_req3.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct tpacket_req3
{
    public tpacket_req req;
    public uint tp_retire_blk_tov;
    public uint tp_sizeof_priv;
    public uint tp_feature_req_word;
}

/// <summary>struct tpacket3_hdr.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct tpacket3_hdr
{
    public uint tp_next_offset;
    public uint tp_sec;
    public uint tp_nsec;
    public uint tp_snaplen;
    public uint tp_len;
    public uint tp_status;
    public ushort tp_mac;
    public ushort tp_net;
    public uint tp_rxhash;
    public uint tp_vlan_tci;
    public ushort tp_vlan_tpid;
    private readonly ushort _padding;
    private readonly ulong _reserved;
}

/// <summary>struct tpacket_bd_ts.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct tpacket_bd_ts
{
    public uint ts_sec;
    public uint ts_nsec;
}

/// <summary>struct tpacket_block_desc with its tpacket_hdr_v1.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct tpacket_block_desc
{
    public uint version;
    public uint offset_to_priv;
    public uint block_status;
    public uint num_pkts;
    public uint offset_to_first_pkt;
    public uint blk_len;
    public ulong seq_num;
    public tpacket_bd_ts ts_first_pkt;
    public tpacket_bd_ts ts_last_pkt;
}

/// <summary>struct tpacket_stats_v3.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct tpacket_stats_v3
{
    public uint tp_packets;
    public uint tp_drops;
    public uint tp_freeze_q_cnt;
}
