using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.HostStreams;

/// <summary>The host's terminal on one of our descriptors: raw mode while a guest uses it, as it was afterwards.</summary>
public sealed unsafe class HostTty : IDisposable
{
    private const uint Get = 0x5401;      // TCGETS
    private const uint SetDrain = 0x5403; // TCSETSW
    private const uint GetSize = 0x5413;  // TIOCGWINSZ

    private readonly int _fd;
    private readonly byte[] _saved = new byte[60];
    private bool _isRaw;

    private HostTty(int fd) => _fd = fd;

    /// <summary>The terminal on a descriptor, or null when there is none.</summary>
    public static HostTty? Open(int fd)
    {
        var tty = new HostTty(fd);
        return tty.Control(Get, tty._saved) ? tty : null;
    }

    /// <summary>Rows and columns of the window.</summary>
    public (int Rows, int Columns) Size
    {
        get
        {
            var size = new byte[8];
            return Control(GetSize, size) && BitConverter.ToUInt16(size) != 0
                ? (BitConverter.ToUInt16(size), BitConverter.ToUInt16(size, 2))
                : (24, 80);
        }
    }

    /// <summary>Raw mode (cfmakeraw(3)): every key is the guest's, ^C, ^Z and ^\ included.</summary>
    public void MakeRaw()
    {
        // struct termios: c_iflag, c_oflag, c_cflag, c_lflag (4 bytes each), c_line, c_cc[19].
        var raw = (byte[])_saved.Clone();
        Clear(raw, 0, 0x5eb);   // IGNBRK BRKINT PARMRK ISTRIP INLCR IGNCR ICRNL IXON
        Clear(raw, 4, 0x1);     // OPOST
        Clear(raw, 12, 0x804b); // ECHO ECHONL ICANON ISIG IEXTEN
        raw[17 + 6] = 1;        // VMIN
        raw[17 + 5] = 0;        // VTIME
        _isRaw = Control(SetDrain, raw);
    }

    /// <summary>As it was.</summary>
    public void Restore()
    {
        if (_isRaw)
        {
            _isRaw = !Control(SetDrain, _saved);
        }
    }

    /// <summary>Stops our own process group as the terminal's ^Z would; returns when it is continued.</summary>
    public static void StopSelf() => _ = Host.Call(Nr.kill, 0, 19);

    /// <inheritdoc/>
    public void Dispose() => Restore();

    private static void Clear(byte[] termios, int at, uint bits) => BitConverter.TryWriteBytes(termios.AsSpan(at), BitConverter.ToUInt32(termios, at) & ~bits);

    private bool Control(uint request, byte[] buffer)
    {
        fixed (byte* pointer = buffer)
        {
            // SAFETY: struct termios of the kernel is 36 bytes, struct winsize 8.
            return Host.Call(Nr.ioctl, _fd, request, (long)pointer) == 0;
        }
    }
}
