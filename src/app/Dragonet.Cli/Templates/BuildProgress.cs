using System.IO;

namespace Dragonet.Cli.Templates;

/// <summary>Shows what a build says: on a terminal one line that changes, else line by line.</summary>
internal sealed class BuildProgress
{
    private readonly Thread _reader;
    private string _lastLine = "it said nothing";
    private string? _error;

    internal BuildProgress(StreamReader lines)
    {
        _reader = new Thread(() => Read(lines), 256 * 1024) { IsBackground = true, Name = "progress" };
        _reader.Start();
    }

    /// <summary>Why a build that has ended failed: its last error, as debootstrap(8) marks them, else the last thing that it said. Waits until
    /// everything has been read.</summary>
    internal string Reason
    {
        get
        {
            _reader.Join();
            return _error ?? _lastLine;
        }
    }

    /// <summary>Everything has been said.</summary>
    internal void End()
    {
        _reader.Join();
        if (!Console.IsErrorRedirected)
        {
            Console.Error.Write("\r\e[K");
        }
    }

    private void Read(StreamReader lines)
    {
        while (lines.ReadLine() is { } line)
        {
            if (line.Trim().Length == 0)
            {
                continue;
            }

            _lastLine = line;
            _error = line.StartsWith("E: ", StringComparison.Ordinal) ? line : _error;
            if (Console.IsErrorRedirected)
            {
                Console.Error.WriteLine(line);
            }
            else
            {
                // Names of packages come from outside: nothing of them commands the terminal.
                var plain = string.Concat(line.Take(Math.Max(20, Console.WindowWidth - 1)).Select(c => char.IsControl(c) ? '?' : c));
                Console.Error.Write($"\r\e[K{plain}");
            }
        }
    }
}
