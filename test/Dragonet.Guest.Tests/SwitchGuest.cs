using System.Diagnostics;
using System.Globalization;
using System.Text;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>A kernel of its own at a switch, 10.7.0.N and fd07::N, with a shell in it that is asked things.</summary>
internal sealed class SwitchGuest : IDisposable
{
    private readonly Process _process;

    internal SwitchGuest(string path, int number)
    {
        var n = number.ToString(CultureInfo.InvariantCulture);
        _process = Process.Start(new ProcessStartInfo(Command.Path, ["run", "--net", $"switch:{path},ip=10.7.0.{n}/24,ip=fd07::{n}/64", "--", "sh"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    /// <summary>What a command prints, and its status in a line of its own.</summary>
    internal string Ask(string command)
    {
        _process.StandardInput.WriteLine(command + "; echo \"$?\" .");
        _process.StandardInput.Flush();
        var text = new StringBuilder();
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            if (line.EndsWith(" .", StringComparison.Ordinal))
            {
                return text.Append(line[..^2]).Append('\n').ToString();
            }

            _ = text.Append(line).Append('\n');
        }

        throw new InvalidOperationException($"it ended: {text}{_process.StandardError.ReadToEnd()}");
    }

    internal void Until(string command, string words)
    {
        string answer;
        for (var watch = Stopwatch.StartNew(); !(answer = Ask(command)).Contains(words, StringComparison.Ordinal);)
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), answer);
        }
    }

    internal void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }
}
