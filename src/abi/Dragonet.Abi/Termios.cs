using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dragonet.Abi;

/// <summary>c_cc of struct termios.</summary>
[InlineArray(19)]
public struct termios_cc
{
    private byte _first;
}

/// <summary>c_cc of struct termio.</summary>
[InlineArray(8)]
public struct termio_cc
{
    private byte _first;
}

/// <summary>struct termios as TCGETS passes it (asm-generic/termbits.h), 36 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct termios
{
    public TermInput c_iflag;
    public TermOutput c_oflag;
    public uint c_cflag;
    public TermLocal c_lflag;
    public byte c_line;
    public termios_cc c_cc;
}

/// <summary>struct termios2 (TCGETS2), 44 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct termios2
{
    public TermInput c_iflag;
    public TermOutput c_oflag;
    public uint c_cflag;
    public TermLocal c_lflag;
    public byte c_line;
    public termios_cc c_cc;
    public uint c_ispeed;
    public uint c_ospeed;
}

/// <summary>struct termio (TCGETA), 18 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct termio
{
    public ushort c_iflag;
    public ushort c_oflag;
    public ushort c_cflag;
    public ushort c_lflag;
    public byte c_line;
    public termio_cc c_cc;
}

/// <summary>struct winsize.</summary>
[StructLayout(LayoutKind.Sequential)]
public record struct winsize(ushort ws_row, ushort ws_col, ushort ws_xpixel, ushort ws_ypixel);

/// <summary>c_iflag.</summary>
[Flags]
public enum TermInput : uint
{
    IGNBRK = 0x1,
    BRKINT = 0x2,
    IGNPAR = 0x4,
    PARMRK = 0x8,
    INPCK = 0x10,
    ISTRIP = 0x20,
    INLCR = 0x40,
    IGNCR = 0x80,
    ICRNL = 0x100,
    IUCLC = 0x200,
    IXON = 0x400,
    IXANY = 0x800,
    IXOFF = 0x1000,
    IMAXBEL = 0x2000,
    IUTF8 = 0x4000,
}

/// <summary>c_oflag.</summary>
[Flags]
public enum TermOutput : uint
{
    OPOST = 0x1,
    OLCUC = 0x2,
    ONLCR = 0x4,
    OCRNL = 0x8,
    ONOCR = 0x10,
    ONLRET = 0x20,
    OFILL = 0x40,
    OFDEL = 0x80,
    TABDLY = 0x1800,
    XTABS = 0x1800,
}

/// <summary>c_lflag.</summary>
[Flags]
public enum TermLocal : uint
{
    ISIG = 0x1,
    ICANON = 0x2,
    XCASE = 0x4,
    ECHO = 0x8,
    ECHOE = 0x10,
    ECHOK = 0x20,
    ECHONL = 0x40,
    NOFLSH = 0x80,
    TOSTOP = 0x100,
    ECHOCTL = 0x200,
    ECHOPRT = 0x400,
    ECHOKE = 0x800,
    FLUSHO = 0x1000,
    PENDIN = 0x4000,
    IEXTEN = 0x8000,
    EXTPROC = 0x10000,
}

/// <summary>Indexes of c_cc, c_cflag bits and arguments of terminal ioctls.</summary>
public static class Termios
{
    public const int VINTR = 0;
    public const int VQUIT = 1;
    public const int VERASE = 2;
    public const int VKILL = 3;
    public const int VEOF = 4;
    public const int VTIME = 5;
    public const int VMIN = 6;
    public const int VSTART = 8;
    public const int VSTOP = 9;
    public const int VSUSP = 10;
    public const int VEOL = 11;
    public const int VREPRINT = 12;
    public const int VDISCARD = 13;
    public const int VWERASE = 14;
    public const int VLNEXT = 15;
    public const int VEOL2 = 16;

    public const uint CBAUD = 0x100f;
    public const uint B38400 = 0xf;
    public const uint BOTHER = 0x1000;
    public const uint CS8 = 0x30;
    public const uint CREAD = 0x80;
    public const uint HUPCL = 0x400;
    public const uint CLOCAL = 0x800;
    public const uint CIBAUD = 0x100f0000;

    public const int TCIFLUSH = 0;
    public const int TCOFLUSH = 1;
    public const int TCIOFLUSH = 2;
    public const int TCOOFF = 0;
    public const int TCOON = 1;
    public const int TCIOFF = 2;
    public const int TCION = 3;

    public const byte TIOCPKT_FLUSHREAD = 1;
    public const byte TIOCPKT_FLUSHWRITE = 2;
    public const byte TIOCPKT_STOP = 4;
    public const byte TIOCPKT_START = 8;
    public const byte TIOCPKT_NOSTOP = 16;
    public const byte TIOCPKT_DOSTOP = 32;
    public const byte TIOCPKT_IOCTL = 64;
}
