using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;

namespace Dragonet.Devices.Tty;

/// <summary>
/// The line discipline N_TTY (termios(3), "Canonical and noncanonical mode"): what is typed becomes lines or raw bytes to read,
/// echo, signals and flow control. A pure state machine: bytes in, effects out. Not thread-safe: the terminal's lock guards it.
/// </summary>
internal sealed partial class LineDiscipline(OutputProcessor output)
{
    /// <summary>Most bytes that wait to be read; a longer line loses its end (N_TTY_BUF_SIZE).</summary>
    public const int Limit = 4096;

    private readonly ByteRing _ready = new();           // complete lines, or raw bytes
    private readonly Queue<int> _lines = new();         // canonical: lengths of the lines in it
    private readonly List<byte> _line = [];             // canonical: the line being edited
    private int _firstTaken;                            // bytes of the first line that were read
    private bool _isLiteral;                            // the next byte is no special character (VLNEXT)
    private int _lineColumn;                            // where the line being edited begins on the screen
    private termios2 _settings;

    /// <summary>The settings in force.</summary>
    public ref readonly termios2 Settings => ref _settings;

    /// <summary>True when ^S or TCOOFF stopped the output.</summary>
    public bool IsStopped { get; set; }

    /// <summary>Signals for the foreground group, to be sent when no lock is held.</summary>
    public List<int> Signals { get; } = [];

    /// <summary>What a packet-mode master is to be told (TIOCPKT_*).</summary>
    public byte PacketStatus { get; set; }

    /// <summary>Bytes that read(2) could get now (FIONREAD).</summary>
    public int Available => IsCanonical && _lines.Count == 0 ? 0 : _ready.Count;

    /// <summary>True in canonical mode when a line, be it empty, is complete; else when there is a byte.</summary>
    public bool HasInput => IsCanonical ? _lines.Count > 0 : _ready.Count > 0;

    /// <summary>Raw bytes in the buffer.</summary>
    public int RawCount => _ready.Count;

    public bool IsCanonical => (_settings.c_lflag & TermLocal.ICANON) != 0;

    /// <summary>True when more input can be taken. A line that is too long is cut, not held back, or nobody could ever end it.</summary>
    public bool HasRoom => _ready.Count + _line.Count < Limit || (IsCanonical && _lines.Count == 0);

    /// <summary>Puts new settings in force. Input that was typed stays: leaving canonical mode makes it raw bytes, entering it makes what is
    /// there a line.</summary>
    public void Apply(in termios2 settings)
    {
        var was = IsCanonical;
        _settings = settings;
        output.Flags = settings.c_oflag;
        output.IsUtf8 = Has(TermInput.IUTF8);
        if (was && !IsCanonical)
        {
            _ready.Write(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_line));
            _line.Clear();
            _lines.Clear();
            _firstTaken = 0;
        }
        else if (!was && IsCanonical && _ready.Count > 0)
        {
            _lines.Enqueue(_ready.Count);
        }

        if (!IsCanonical || !Has(TermLocal.IEXTEN))
        {
            _isLiteral = false;
        }

        if (IsStopped && !Has(TermInput.IXON))
        {
            IsStopped = false;
        }
    }

    /// <summary>Reads: in canonical mode at most one line; an empty line is the end of file.</summary>
    public int Read(Span<byte> destination)
    {
        if (!IsCanonical)
        {
            return _ready.Read(destination);
        }

        if (!_lines.TryPeek(out var length))
        {
            return 0;
        }

        var count = _ready.Read(destination[..Math.Min(length - _firstTaken, destination.Length)]);
        _firstTaken += count;
        if (_firstTaken == length)
        {
            _ = _lines.Dequeue();
            _firstTaken = 0;
        }

        return count;
    }

    /// <summary>Forgets input that was not read (TCIFLUSH).</summary>
    public void Flush()
    {
        _ready.Clear();
        _lines.Clear();
        _line.Clear();
        _firstTaken = 0;
        _isLiteral = false;
    }

    /// <summary>Takes input as it is typed.</summary>
    /// <returns>How much was taken; less than all when the reader is too slow.</returns>
    public int Receive(ReadOnlySpan<byte> source)
    {
        const TermInput special = TermInput.ISTRIP | TermInput.INLCR | TermInput.IGNCR | TermInput.ICRNL | TermInput.IUCLC | TermInput.IXON | TermInput.PARMRK;
        if ((_settings.c_iflag & special) == 0 && (_settings.c_lflag & (TermLocal.ICANON | TermLocal.ISIG | TermLocal.ECHO)) == 0)
        {
            var count = Math.Min(source.Length, Math.Max(Limit - _ready.Count, 0));
            _ready.Write(source[..count]);
            return count;
        }

        for (var i = 0; i < source.Length; i++)
        {
            if (!HasRoom)
            {
                return i;
            }

            Receive(source[i]);
        }

        return source.Length;
    }

    private void Receive(byte c)
    {
        if (Has(TermInput.ISTRIP))
        {
            c &= 0x7f;
        }

        if (Has(TermInput.IUCLC) && Has(TermLocal.IEXTEN) && c is >= (byte)'A' and <= (byte)'Z')
        {
            c += 0x20;
        }

        if (_isLiteral)
        {
            _isLiteral = false;
            EchoTyped(c);
            Store(c);
            return;
        }

        if (Has(TermInput.IXON))
        {
            if (Is(c, Termios.VSTART))
            {
                SetStopped(false);
                return;
            }

            if (Is(c, Termios.VSTOP))
            {
                SetStopped(true);
                return;
            }
        }

        if (Has(TermLocal.ISIG) && SignalOf(c) is var signal && signal != 0)
        {
            Interrupt(signal, c);
            return;
        }

        if (IsStopped && Has(TermInput.IXON) && Has(TermInput.IXANY))
        {
            SetStopped(false);
        }

        if (c == '\r')
        {
            if (Has(TermInput.IGNCR))
            {
                return;
            }

            if (Has(TermInput.ICRNL))
            {
                c = (byte)'\n';
            }
        }
        else if (c == '\n' && Has(TermInput.INLCR))
        {
            c = (byte)'\r';
        }

        if (IsCanonical && Edit(c))
        {
            return;
        }

        EchoTyped(c);
        if (c == 0xff && Has(TermInput.PARMRK))
        {
            Store(c);
        }

        Store(c);
    }

    private int SignalOf(byte c) => Is(c, Termios.VINTR) ? Sig.INT : Is(c, Termios.VQUIT) ? Sig.QUIT : Is(c, Termios.VSUSP) ? Sig.TSTP : 0;

    private void Interrupt(int signal, byte c)
    {
        Signals.Add(signal);
        if (!Has(TermLocal.NOFLSH))
        {
            Flush();
            output.Discard();
            PacketStatus |= Termios.TIOCPKT_FLUSHREAD | Termios.TIOCPKT_FLUSHWRITE;
        }

        if (Has(TermInput.IXON))
        {
            SetStopped(false);
        }

        EchoTyped(c);
    }

    /// <summary>Stops or starts the output.</summary>
    public void SetStopped(bool value)
    {
        if (IsStopped != value)
        {
            IsStopped = value;
            PacketStatus = (byte)((PacketStatus & ~(Termios.TIOCPKT_STOP | Termios.TIOCPKT_START)) | (value ? Termios.TIOCPKT_STOP : Termios.TIOCPKT_START));
        }
    }

    private void Store(byte c)
    {
        if (!IsCanonical)
        {
            _ready.Write([c]);
        }
        else if (_ready.Count + _line.Count < Limit - 1)
        {
            _line.Add(c);
        }
        else if (Has(TermInput.IMAXBEL))
        {
            output.Echo(7);
        }
    }

    private bool Has(TermInput flag) => (_settings.c_iflag & flag) != 0;

    private bool Has(TermLocal flag) => (_settings.c_lflag & flag) != 0;

    /// <summary>True when the byte is this special character; 0 disables one.</summary>
    private bool Is(byte c, int index) => c != 0 && _settings.c_cc[index] == c;
}
