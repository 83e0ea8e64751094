using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Text;
using System.Threading.Tasks;

namespace Dragonet.Bench;

/// <summary>A process that the benchmark started, and all that it started: whatever happens, they end with this object.</summary>
internal sealed class HostProcess : IDisposable
{
    private readonly Process? _process;

    internal HostProcess(ProcessStartInfo start)
    {
        try
        {
            // Its input stays open and empty: UML takes an end for the loss of its terminal.
            _process = Process.Start(start);
        }
        catch (Exception failure) when (failure is Win32Exception or IOException)
        {
            Failure = failure.Message;
        }
    }

    internal int Id => _process?.Id ?? 0;

    /// <summary>Why there is no result.</summary>
    internal string Failure { get; private set; } = "";

    /// <summary>Reads what it prints until it ends.</summary>
    /// <returns>Null when it could not start, took too long or failed.</returns>
    internal string? ReadToEnd(TimeSpan limit)
    {
        if (_process is null)
        {
            return null;
        }

        var output = _process.StandardOutput.ReadToEndAsync();
        var errors = _process.StandardError.ReadToEndAsync();
        if (!Task.WaitAll([output, errors], limit) || !_process.WaitForExit(limit))
        {
            Failure = $"no end after {limit.TotalSeconds:0} s";
            return null;
        }

        if (_process.ExitCode != 0)
        {
            Failure = $"exit status {_process.ExitCode}: {errors.Result.Trim().Split('\n')[^1]}";
            return null;
        }

        return output.Result;
    }

    /// <summary>Waits for a line among what it prints; errors go nowhere.</summary>
    internal bool WaitForLine(string line, TimeSpan limit)
    {
        if (_process is null)
        {
            return false;
        }

        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
        var found = Task.Run(() =>
        {
            // Byte by byte: a reader with a buffer would be as quick, but not sooner.
            var text = new StringBuilder();
            for (int next; (next = _process.StandardOutput.Read()) >= 0;)
            {
                if (next != '\n')
                {
                    _ = text.Append((char)next);
                }
                else if (text.ToString().Trim() == line)
                {
                    return true;
                }
                else
                {
                    _ = text.Clear();
                }
            }

            return false;
        });
        var good = found.Wait(limit) && found.Result;
        Failure = good ? "" : $"'{line}' did not come";
        return good;
    }

    public void Dispose()
    {
        if (_process is null)
        {
            return;
        }

        try
        {
            // The whole tree: some of these systems leave their session, and would outlive their parent. Each is stopped before its children
            // are looked for, so that it has no more of them.
            _process.Kill(entireProcessTree: true);
            _ = _process.WaitForExit(5000);
        }
        finally
        {
            _process.Dispose();
        }
    }
}
