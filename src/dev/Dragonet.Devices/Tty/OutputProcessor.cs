using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Devices.Tty;

/// <summary>
/// Output on its way to the screen: does what c_oflag says (OPOST, termios(3)) and keeps the cursor's column, which echoing needs.
/// Not thread-safe: the terminal's lock guards it.
/// </summary>
internal sealed class OutputProcessor
{
    /// <summary>Writers wait beyond this many bytes; echo may exceed it up to twice.</summary>
    public const int Limit = 8192;

    private readonly ByteRing _ring = new();

    /// <summary>c_oflag.</summary>
    public TermOutput Flags { get; set; }

    /// <summary>IUTF8: continuation bytes take no column.</summary>
    public bool IsUtf8 { get; set; }

    /// <summary>Where the cursor is.</summary>
    public int Column { get; private set; }

    /// <summary>Bytes that the other side has not taken.</summary>
    public int Count => _ring.Count;

    /// <summary>Room for a writer.</summary>
    public int Room => Math.Max(Limit - _ring.Count, 0);

    /// <summary>Takes bytes out.</summary>
    public int Read(Span<byte> destination) => _ring.Read(destination);

    /// <summary>Forgets what was not taken.</summary>
    public void Discard() => _ring.Clear();

    /// <summary>Processes a writer's bytes.</summary>
    /// <returns>How many were accepted.</returns>
    public int Write(ReadOnlySpan<byte> source)
    {
        if ((Flags & TermOutput.OPOST) == 0)
        {
            var count = Math.Min(source.Length, Room);
            _ring.Write(source[..count]);
            return count;
        }

        for (var i = 0; i < source.Length; i++)
        {
            // A run of printing characters goes in one piece.
            var run = 0;
            while (i + run < source.Length && source[i + run] is >= 0x20 and < 0x7f && (Flags & TermOutput.OLCUC) == 0)
            {
                run++;
            }

            if (run > 0)
            {
                var count = Math.Min(run, Room);
                _ring.Write(source.Slice(i, count));
                Column += count;
                if (count < run)
                {
                    return i + count;
                }

                i += run - 1;
                continue;
            }

            if (Room < 8)
            {
                return i;
            }

            Put(source[i]);
        }

        return source.Length;
    }

    /// <summary>Processes one byte, whatever the room: an echo.</summary>
    public void Echo(byte c)
    {
        if (_ring.Count < 2 * Limit)
        {
            if ((Flags & TermOutput.OPOST) != 0)
            {
                Put(c);
            }
            else
            {
                PutRaw(c);
            }
        }
    }

    /// <summary>Echoes a byte as it is, one column wide.</summary>
    public void EchoRaw(byte c)
    {
        if (_ring.Count < 2 * Limit)
        {
            PutRaw(c);
            Column++;
        }
    }

    private void Put(byte c)
    {
        switch (c)
        {
            case (byte)'\n':
                if ((Flags & TermOutput.ONLRET) != 0)
                {
                    Column = 0;
                }

                if ((Flags & TermOutput.ONLCR) != 0)
                {
                    PutRaw((byte)'\r');
                    Column = 0;
                }

                break;
            case (byte)'\r':
                if ((Flags & TermOutput.ONOCR) != 0 && Column == 0)
                {
                    return;
                }

                if ((Flags & TermOutput.OCRNL) != 0)
                {
                    c = (byte)'\n';
                    if ((Flags & TermOutput.ONLRET) != 0)
                    {
                        Column = 0;
                    }
                }
                else
                {
                    Column = 0;
                }

                break;
            case (byte)'\t':
                var spaces = 8 - (Column & 7);
                Column += spaces;
                if ((Flags & TermOutput.TABDLY) == TermOutput.XTABS)
                {
                    for (; spaces > 0; spaces--)
                    {
                        PutRaw((byte)' ');
                    }

                    return;
                }

                break;
            case (byte)'\b':
                Column = Math.Max(Column - 1, 0);
                break;
            default:
                if ((Flags & TermOutput.OLCUC) != 0 && c is >= (byte)'a' and <= (byte)'z')
                {
                    c -= 0x20;
                }

                if (c >= 0x20 && c != 0x7f && !(IsUtf8 && (c & 0xc0) == 0x80))
                {
                    Column++;
                }

                break;
        }

        PutRaw(c);
    }

    private void PutRaw(byte c) => _ring.Write([c]);
}
