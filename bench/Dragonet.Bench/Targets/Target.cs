using System.Diagnostics;
using System.IO;

namespace Dragonet.Bench.Targets;

/// <summary>A system that runs programs: the host, Dragonet, or one that Dragonet is compared with.</summary>
/// <param name="key">Short name, for options, JSON and budgets.</param>
/// <param name="title">Name in tables.</param>
internal abstract class Target(string key, string title)
{
    internal string Key => key;

    internal string Title => title;

    /// <summary>One line: which version this is.</summary>
    internal abstract string Version { get; }

    /// <summary>
    /// How to run a program of the host's file tree here, in a writable directory, with the paths that the host has.
    /// </summary>
    /// <param name="kit">Directory with the programs; must be readable in there.</param>
    /// <param name="work">An empty directory of the host for this one run.</param>
    /// <param name="program">The program and its arguments.</param>
    internal abstract ProcessStartInfo Command(string kit, string work, params string[] program);

    /// <summary>A command line that starts in the given directory and has its output piped.</summary>
    protected static ProcessStartInfo Start(string work, params IEnumerable<string> command)
    {
        var words = command.ToList();
        var start = new ProcessStartInfo(words[0], words.Skip(1))
        {
            WorkingDirectory = work,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        return start;
    }

    /// <summary>The first line that a program prints, or an empty text when it cannot be run.</summary>
    protected static string FirstLine(params string[] command)
    {
        using var process = new HostProcess(Start(Path.GetTempPath(), command));
        return process.ReadToEnd(TimeSpan.FromSeconds(30)) is { } text ? text.Split('\n')[0].Trim() : "";
    }
}
