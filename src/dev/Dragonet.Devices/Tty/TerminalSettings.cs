using Dragonet.Abi;

namespace Dragonet.Devices.Tty;

/// <summary>The settings a terminal begins with (tty_std_termios), and the older layouts of them.</summary>
internal static class TerminalSettings
{

    private static ReadOnlySpan<byte> Characters => [3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0];

    private static ReadOnlySpan<int> Speeds => [0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400];

    private static ReadOnlySpan<int> HighSpeeds =>
        [57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000];

    /// <summary>A new terminal's settings.</summary>
    public static termios2 Create()
    {
        var settings = new termios2
        {
            c_iflag = TermInput.ICRNL | TermInput.IXON,
            c_oflag = TermOutput.OPOST | TermOutput.ONLCR,
            c_cflag = Termios.B38400 | Termios.CS8 | Termios.CREAD,
            c_lflag = TermLocal.ISIG | TermLocal.ICANON | TermLocal.ECHO | TermLocal.ECHOE | TermLocal.ECHOK | TermLocal.ECHOCTL | TermLocal.ECHOKE | TermLocal.IEXTEN,
            c_ispeed = 38400,
            c_ospeed = 38400,
        };
        Characters.CopyTo(settings.c_cc);
        return settings;
    }

    /// <summary>TCGETS.</summary>
    public static termios ToTermios(in termios2 settings) => new()
    {
        c_iflag = settings.c_iflag, c_oflag = settings.c_oflag, c_cflag = settings.c_cflag, c_lflag = settings.c_lflag,
        c_line = settings.c_line, c_cc = settings.c_cc,
    };

    /// <summary>TCSETS: the speeds follow c_cflag.</summary>
    public static termios2 FromTermios(in termios settings)
    {
        var speed = SpeedOf(settings.c_cflag);
        return new termios2
        {
            c_iflag = settings.c_iflag, c_oflag = settings.c_oflag, c_cflag = settings.c_cflag, c_lflag = settings.c_lflag,
            c_line = settings.c_line, c_cc = settings.c_cc, c_ispeed = speed, c_ospeed = speed,
        };
    }

    /// <summary>TCGETA.</summary>
    public static termio ToTermio(in termios2 settings)
    {
        var old = new termio
        {
            c_iflag = (ushort)settings.c_iflag, c_oflag = (ushort)settings.c_oflag, c_cflag = (ushort)settings.c_cflag, c_lflag = (ushort)settings.c_lflag,
            c_line = settings.c_line,
        };
        for (var i = 0; i < 8; i++)
        {
            old.c_cc[i] = settings.c_cc[i];
        }

        return old;
    }

    /// <summary>TCSETA: the upper halves of the flags and the newer characters stay.</summary>
    public static termios2 FromTermio(in termio old, in termios2 settings)
    {
        var changed = settings;
        changed.c_iflag = (TermInput)((uint)settings.c_iflag & 0xffff0000 | old.c_iflag);
        changed.c_oflag = (TermOutput)((uint)settings.c_oflag & 0xffff0000 | old.c_oflag);
        changed.c_cflag = settings.c_cflag & 0xffff0000 | old.c_cflag;
        changed.c_lflag = (TermLocal)((uint)settings.c_lflag & 0xffff0000 | old.c_lflag);
        changed.c_line = old.c_line;
        for (var i = 0; i < 8; i++)
        {
            changed.c_cc[i] = old.c_cc[i];
        }

        return changed;
    }

    private static uint SpeedOf(uint control)
    {
        var code = (int)(control & Termios.CBAUD);
        return (uint)(code < Speeds.Length ? Speeds[code] : code - 0x1001 is var high && (uint)high < (uint)HighSpeeds.Length ? HighSpeeds[high] : 38400);
    }
}
