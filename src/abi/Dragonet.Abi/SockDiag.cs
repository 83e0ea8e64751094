namespace Dragonet.Abi;

/// <summary>Questions about sockets (sock_diag(7); linux/sock_diag.h, linux/inet_diag.h, linux/unix_diag.h, linux/packet_diag.h).</summary>
public static class SockDiag
{
    public const ushort SOCK_DIAG_BY_FAMILY = 20;
    public const ushort SOCK_DESTROY = 21;

    public const ushort INET_DIAG_REQ_BYTECODE = 1;
    public const byte INET_DIAG_BC_NOP = 0;
    public const byte INET_DIAG_BC_JMP = 1;
    public const byte INET_DIAG_BC_S_GE = 2;
    public const byte INET_DIAG_BC_S_LE = 3;
    public const byte INET_DIAG_BC_D_GE = 4;
    public const byte INET_DIAG_BC_D_LE = 5;
    public const byte INET_DIAG_BC_AUTO = 6;
    public const byte INET_DIAG_BC_S_COND = 7;
    public const byte INET_DIAG_BC_D_COND = 8;
    public const byte INET_DIAG_BC_DEV_COND = 9;
    public const byte INET_DIAG_BC_MARK_COND = 10;
    public const byte INET_DIAG_BC_S_EQ = 11;
    public const byte INET_DIAG_BC_D_EQ = 12;

    public const ushort INET_DIAG_MEMINFO = 1;
    public const ushort INET_DIAG_INFO = 2;
    public const ushort INET_DIAG_CONG = 4;
    public const ushort INET_DIAG_TOS = 5;
    public const ushort INET_DIAG_TCLASS = 6;
    public const ushort INET_DIAG_SKMEMINFO = 7;
    public const ushort INET_DIAG_SHUTDOWN = 8;
    public const ushort INET_DIAG_SKV6ONLY = 11;

    public const ushort UNIX_DIAG_NAME = 0;
    public const ushort UNIX_DIAG_VFS = 1;
    public const ushort UNIX_DIAG_PEER = 2;
    public const ushort UNIX_DIAG_ICONS = 3;
    public const ushort UNIX_DIAG_RQLEN = 4;
    public const ushort UNIX_DIAG_SHUTDOWN = 6;
    public const uint UDIAG_SHOW_NAME = 1;
    public const uint UDIAG_SHOW_VFS = 2;
    public const uint UDIAG_SHOW_PEER = 4;
    public const uint UDIAG_SHOW_ICONS = 8;
    public const uint UDIAG_SHOW_RQLEN = 16;

    public const ushort PACKET_DIAG_INFO = 0;
    public const uint PACKET_SHOW_INFO = 1;

    public const byte TCP_ESTABLISHED = 1;
    public const byte TCP_CLOSE = 7;
    public const byte TCP_LISTEN = 10;
}
