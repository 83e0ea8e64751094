using System.Runtime.InteropServices;
using Dragonet.Abi;

namespace Dragonet.Devices.Tty;

/// <summary>Canonical mode: editing a line, and echo.</summary>
internal sealed partial class LineDiscipline
{
    /// <summary>Special characters of canonical mode.</summary>
    /// <returns>True when the byte was one.</returns>
    private bool Edit(byte c)
    {
        var isExtended = Has(TermLocal.IEXTEN);
        if (Is(c, Termios.VERASE))
        {
            EraseCharacter(c);
            return true;
        }

        if (Is(c, Termios.VKILL))
        {
            Kill(c);
            return true;
        }

        if (isExtended && Is(c, Termios.VWERASE))
        {
            EraseWord();
            return true;
        }

        if (isExtended && Is(c, Termios.VLNEXT))
        {
            _isLiteral = true;
            if (Has(TermLocal.ECHO) && Has(TermLocal.ECHOCTL))
            {
                MarkLineStart();
                output.EchoRaw((byte)'^');
                output.Echo((byte)'\b');
            }

            return true;
        }

        if (isExtended && Has(TermLocal.ECHO) && Is(c, Termios.VREPRINT))
        {
            EchoTyped(c);
            output.Echo((byte)'\n');
            _lineColumn = output.Column;
            foreach (var typed in _line)
            {
                EchoTyped(typed);
            }

            return true;
        }

        if (c == '\n')
        {
            if (Has(TermLocal.ECHO) || Has(TermLocal.ECHONL))
            {
                output.Echo(c);
            }

            EndLine(c);
            return true;
        }

        if (Is(c, Termios.VEOF))
        {
            EndLine(null);
            return true;
        }

        if (Is(c, Termios.VEOL) || (isExtended && Is(c, Termios.VEOL2)))
        {
            EchoTyped(c);
            EndLine(c);
            return true;
        }

        return false;
    }

    private void EndLine(byte? terminator)
    {
        if (terminator is { } c)
        {
            _line.Add(c);
        }

        _ready.Write(CollectionsMarshal.AsSpan(_line));
        _lines.Enqueue(_line.Count);
        _line.Clear();
    }

    /// <summary>Echoes a byte that was typed: control characters as ^X with ECHOCTL.</summary>
    private void EchoTyped(byte c)
    {
        if (!Has(TermLocal.ECHO))
        {
            return;
        }

        MarkLineStart();
        if (Has(TermLocal.ECHOCTL) && IsControl(c) && c is not ((byte)'\t' or (byte)'\n'))
        {
            output.EchoRaw((byte)'^');
            output.EchoRaw((byte)(c ^ 0x40));
        }
        else
        {
            output.Echo(c);
        }
    }

    private void MarkLineStart()
    {
        if (_line.Count == 0)
        {
            _lineColumn = output.Column;
        }
    }

    private void EraseCharacter(byte c)
    {
        if (_line.Count == 0)
        {
            return;
        }

        if (Has(TermLocal.ECHO) && !Has(TermLocal.ECHOE))
        {
            _ = Pop();
            EchoTyped(c);
            return;
        }

        EraseLast();
    }

    private void EraseWord()
    {
        var hasSeenWord = false;
        while (_line.Count > 0)
        {
            var last = _line[^1];
            var isWord = char.IsAsciiLetterOrDigit((char)last) || last == '_' || last >= 0x80;
            if (!isWord && hasSeenWord)
            {
                break;
            }

            hasSeenWord |= isWord;
            EraseLast();
        }
    }

    private void Kill(byte c)
    {
        if (!Has(TermLocal.ECHO))
        {
            _line.Clear();
            return;
        }

        if (!Has(TermLocal.ECHOK) || !Has(TermLocal.ECHOKE) || !Has(TermLocal.ECHOE))
        {
            _line.Clear();
            EchoTyped(c);
            if (Has(TermLocal.ECHOK))
            {
                output.Echo((byte)'\n');
            }

            return;
        }

        while (_line.Count > 0)
        {
            EraseLast();
        }
    }

    /// <summary>Takes the last character away, on the screen as well.</summary>
    private void EraseLast()
    {
        var c = Pop();
        if (!Has(TermLocal.ECHO))
        {
            return;
        }

        if (c == '\t')
        {
            for (var columns = 8 - (ColumnOfEnd() & 7); columns > 0; columns--)
            {
                output.Echo((byte)'\b');
            }

            return;
        }

        if (IsControl(c))
        {
            if (!Has(TermLocal.ECHOCTL))
            {
                return;
            }

            Rub();
        }

        Rub();
    }

    private void Rub()
    {
        output.Echo((byte)'\b');
        output.Echo((byte)' ');
        output.Echo((byte)'\b');
    }

    /// <summary>Removes the last character, all bytes of it with IUTF8; returns its first byte.</summary>
    private byte Pop()
    {
        var c = _line[^1];
        _line.RemoveAt(_line.Count - 1);
        while (Has(TermInput.IUTF8) && (c & 0xc0) == 0x80 && _line.Count > 0)
        {
            c = _line[^1];
            _line.RemoveAt(_line.Count - 1);
        }

        return c;
    }

    /// <summary>The column behind the line as it is now.</summary>
    private int ColumnOfEnd()
    {
        var column = _lineColumn;
        foreach (var c in _line)
        {
            if (c == '\t')
            {
                column = (column | 7) + 1;
            }
            else if (IsControl(c))
            {
                column += Has(TermLocal.ECHOCTL) ? 2 : 0;
            }
            else if (!(Has(TermInput.IUTF8) && (c & 0xc0) == 0x80))
            {
                column++;
            }
        }

        return column;
    }

    private static bool IsControl(byte c) => c is < 0x20 or 0x7f;
}
