using System.Text;

namespace Dragonet.Cli.Jails.Configuration;

/// <summary>Cuts jail.conf(5) into words and marks.</summary>
internal sealed class ConfigLexer(string file, string text)
{
    private readonly string[] _lines = text.Split('\n');
    private int _at;
    private int _line = 1;
    private int _lineStart;

    internal ConfigToken Next()
    {
        SkipSpace();
        var place = Here;
        if (_at == text.Length)
        {
            return new ConfigToken("", [], false, place);
        }

        switch (text[_at])
        {
            case '{' or '}' or ';' or ',' or '=':
                return new ConfigToken(text[_at++].ToString(), [], false, place);
            case '+' when _at + 1 < text.Length && text[_at + 1] == '=':
                _at += 2;
                return new ConfigToken("+=", [], false, place);
            default:
                return Word(place);
        }
    }

    private SourcePlace Here => new(file, _line, _at - _lineStart + 1, _lines[_line - 1].TrimEnd('\r'));

    private void SkipSpace()
    {
        while (_at < text.Length)
        {
            if (text[_at] == '#' || text.AsSpan(_at).StartsWith("//"))
            {
                while (_at < text.Length && text[_at] != '\n')
                {
                    _at++;
                }
            }
            else if (text.AsSpan(_at).StartsWith("/*"))
            {
                var place = Here;
                var end = text.IndexOf("*/", _at + 2, StringComparison.Ordinal);
                if (end < 0)
                {
                    throw place.Fail("this comment has no end");
                }

                while (_at < end + 2)
                {
                    Step();
                }
            }
            else if (char.IsWhiteSpace(text[_at]))
            {
                Step();
            }
            else
            {
                return;
            }
        }
    }

    private void Step()
    {
        if (text[_at++] == '\n')
        {
            _line++;
            _lineStart = _at;
        }
    }

    private ConfigToken Word(SourcePlace place)
    {
        var parts = new List<(string, bool)>();
        var current = new StringBuilder();
        var quoted = false;
        var isFirst = true;
        while (_at < text.Length && !char.IsWhiteSpace(text[_at]) && text[_at] is not ('{' or '}' or ';' or ',' or '=' or '#') && !text.AsSpan(_at).StartsWith("+="))
        {
            switch (text[_at])
            {
                case '"' or '\'':
                    quoted = true;
                    Quoted(parts, current);
                    break;
                case '$' when !isFirst || !IsDefinition():
                    Variable(parts, current);
                    break;
                case '\\' when _at + 1 < text.Length:
                    _at++;
                    _ = current.Append(text[_at]);
                    Step();
                    break;
                default:
                    _ = current.Append(text[_at++]);
                    break;
            }

            isFirst = false;
        }

        if (current.Length > 0 || parts.Count == 0)
        {
            parts.Add((current.ToString(), false));
        }

        return new ConfigToken(null, parts, quoted, place);
    }

    /// <summary>$name before "=" defines it.</summary>
    private bool IsDefinition()
    {
        var at = _at + 1;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '_' or '.'))
        {
            at++;
        }

        while (at < text.Length && text[at] is ' ' or '\t')
        {
            at++;
        }

        return at < text.Length && (text[at] == '=' || text.AsSpan(at).StartsWith("+="));
    }

    private void Quoted(List<(string, bool)> parts, StringBuilder current)
    {
        var place = Here;
        var quote = text[_at++];
        while (true)
        {
            if (_at == text.Length)
            {
                throw place.Fail("this quote has no end");
            }

            var c = text[_at];
            if (c == quote)
            {
                _at++;
                return;
            }

            if (c == '\\' && quote == '"' && _at + 1 < text.Length)
            {
                _at++;
                _ = current.Append(text[_at] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', var other => other });
                Step();
            }
            else if (c == '$' && quote == '"')
            {
                Variable(parts, current);
            }
            else
            {
                _ = current.Append(c);
                Step();
            }
        }
    }

    private void Variable(List<(string, bool)> parts, StringBuilder current)
    {
        var place = Here;
        _at++;
        var braced = _at < text.Length && text[_at] == '{';
        var start = braced ? ++_at : _at;
        while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] == '_' || (braced && text[_at] is '.' or '-')))
        {
            _at++;
        }

        var name = text[start.._at];
        if (name.Length == 0 || (braced && (_at == text.Length || text[_at] != '}')))
        {
            throw place.Fail("\"$\" needs the name of a variable");
        }

        _at += braced ? 1 : 0;
        if (current.Length > 0)
        {
            parts.Add((current.ToString(), false));
            _ = current.Clear();
        }

        parts.Add((name, true));
    }
}
