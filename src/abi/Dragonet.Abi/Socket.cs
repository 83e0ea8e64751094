using System.Runtime.InteropServices;

namespace Dragonet.Abi;

/// <summary>Address families (bits/socket.h).</summary>
public enum AddressFamily
{
    AF_UNSPEC = 0,
    AF_UNIX = 1,
    AF_INET = 2,
    AF_BRIDGE = 7,
    AF_INET6 = 10,
    AF_NETLINK = 16,
    AF_PACKET = 17,
    AF_VSOCK = 40,
    AF_MAX = 46,
}

/// <summary>Socket types.</summary>
public enum SocketType
{
    SOCK_STREAM = 1,
    SOCK_DGRAM = 2,
    SOCK_RAW = 3,
    SOCK_RDM = 4,
    SOCK_SEQPACKET = 5,
    SOCK_DCCP = 6,
    SOCK_PACKET = 10,
}

/// <summary>Flags of send(2) and recv(2).</summary>
[Flags]
public enum MsgFlags : uint
{
    None = 0,
    MSG_OOB = 1,
    MSG_PEEK = 2,
    MSG_DONTROUTE = 4,
    MSG_CTRUNC = 8,
    MSG_TRUNC = 0x20,
    MSG_DONTWAIT = 0x40,
    MSG_EOR = 0x80,
    MSG_WAITALL = 0x100,
    MSG_CONFIRM = 0x800,
    MSG_ERRQUEUE = 0x2000,
    MSG_NOSIGNAL = 0x4000,
    MSG_MORE = 0x8000,
    MSG_WAITFORONE = 0x10000,
    MSG_ZEROCOPY = 0x4000000,
    MSG_FASTOPEN = 0x20000000,
    MSG_CMSG_CLOEXEC = 0x40000000,
}

/// <summary>How of shutdown(2).</summary>
public enum ShutdownHow
{
    SHUT_RD = 0,
    SHUT_WR = 1,
    SHUT_RDWR = 2,
}

/// <summary>Socket options of level SOL_SOCKET (asm-generic/socket.h) and types of control messages.</summary>
public static class SocketOption
{
    public const int SOL_SOCKET = 1;
    public const int SO_DEBUG = 1;
    public const int SO_REUSEADDR = 2;
    public const int SO_TYPE = 3;
    public const int SO_ERROR = 4;
    public const int SO_DONTROUTE = 5;
    public const int SO_BROADCAST = 6;
    public const int SO_SNDBUF = 7;
    public const int SO_RCVBUF = 8;
    public const int SO_KEEPALIVE = 9;
    public const int SO_OOBINLINE = 10;
    public const int SO_NO_CHECK = 11;
    public const int SO_PRIORITY = 12;
    public const int SO_LINGER = 13;
    public const int SO_BSDCOMPAT = 14;
    public const int SO_REUSEPORT = 15;
    public const int SO_PASSCRED = 16;
    public const int SO_PEERCRED = 17;
    public const int SO_RCVLOWAT = 18;
    public const int SO_SNDLOWAT = 19;
    public const int SO_RCVTIMEO = 20;
    public const int SO_SNDTIMEO = 21;
    public const int SO_BINDTODEVICE = 25;
    public const int SO_ATTACH_FILTER = 26;
    public const int SO_DETACH_FILTER = 27;
    public const int SO_LOCK_FILTER = 44;
    public const int SO_BPF_EXTENSIONS = 48;
    public const int SO_TIMESTAMP = 29;
    public const int SO_ACCEPTCONN = 30;
    public const int SO_PEERSEC = 31;
    public const int SO_SNDBUFFORCE = 32;
    public const int SO_RCVBUFFORCE = 33;
    public const int SO_PASSSEC = 34;
    public const int SO_TIMESTAMPNS = 35;
    public const int SO_MARK = 36;
    public const int SO_TIMESTAMPING = 37;
    public const uint SOF_TIMESTAMPING_TX_SOFTWARE = 1 << 1;
    public const uint SOF_TIMESTAMPING_RX_SOFTWARE = 1 << 3;
    public const uint SOF_TIMESTAMPING_SOFTWARE = 1 << 4;
    public const uint SOF_TIMESTAMPING_OPT_ID = 1 << 7;
    public const uint SOF_TIMESTAMPING_TX_SCHED = 1 << 8;
    public const uint SOF_TIMESTAMPING_TX_ACK = 1 << 9;
    public const uint SOF_TIMESTAMPING_OPT_TSONLY = 1 << 11;
    public const uint SOF_TIMESTAMPING_OPT_STATS = 1 << 12;
    public const uint SOF_TIMESTAMPING_OPT_ID_TCP = 1 << 16;
    public const uint SOF_TIMESTAMPING_MASK = (1 << 18) - 1;
    public const int SO_PROTOCOL = 38;
    public const int SO_DOMAIN = 39;
    public const int SO_PEEK_OFF = 42;
    public const int SO_RXQ_OVFL = 40;
    public const int SO_SELECT_ERR_QUEUE = 45;
    public const int SO_BUSY_POLL = 46;
    public const int SO_MAX_PACING_RATE = 47;
    public const int SO_INCOMING_CPU = 49;
    public const int SO_MEMINFO = 55;
    public const int SO_ZEROCOPY = 60;
    public const int SO_TIMESTAMP_NEW = 63;
    public const int SO_TIMESTAMPNS_NEW = 64;
    public const int SO_TIMESTAMPING_NEW = 65;
    public const int SO_BUF_LOCK = 72;
    public const int SOCK_SNDBUF_LOCK = 1;
    public const int SOCK_RCVBUF_LOCK = 2;
    public const int SO_COOKIE = 57;
    public const int SO_PEERGROUPS = 59;
    public const int SO_TXTIME = 61;
    public const int SO_BINDTOIFINDEX = 62;
    public const int SO_RCVTIMEO_NEW = 66;
    public const int SO_SNDTIMEO_NEW = 67;
    public const int SO_PASSPIDFD = 76;
    public const int SO_PEERPIDFD = 77;

    public const int SCM_RIGHTS = 1;
    public const int SCM_CREDENTIALS = 2;
    public const int SCM_SECURITY = 3;
    public const int SCM_PIDFD = 4;

    /// <summary>Most descriptors in one message.</summary>
    public const int SCM_MAX_FD = 253;

    /// <summary>Largest backlog (/proc/sys/net/core/somaxconn).</summary>
    public const int SOMAXCONN = 4096;
}

/// <summary>struct ucred.</summary>
[StructLayout(LayoutKind.Sequential)]
public record struct ucred(int pid, uint uid, uint gid);

/// <summary>struct linger.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct linger
{
    public int l_onoff;
    public int l_linger;
}

/// <summary>struct msghdr as the kernel sees it.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct msghdr
{
    public ulong msg_name;
    public int msg_namelen;
    private readonly int _pad1;
    public ulong msg_iov;
    public ulong msg_iovlen;
    public ulong msg_control;
    public ulong msg_controllen;
    public MsgFlags msg_flags;
    private readonly int _pad2;
}

/// <summary>struct mmsghdr.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct mmsghdr
{
    public msghdr msg_hdr;
    public uint msg_len;
    private readonly int _pad;
}

/// <summary>struct cmsghdr.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct cmsghdr
{
    public ulong cmsg_len;
    public int cmsg_level;
    public int cmsg_type;
}
