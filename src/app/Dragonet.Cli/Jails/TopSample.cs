using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Text;
using System.Text.Json;
using Dragonet.Cli.Options;
using Dragonet.Control;

namespace Dragonet.Cli.Jails;

/// <summary>A look at all kernels at one moment, and what it shows next to an earlier one.</summary>
internal sealed class TopSample
{
    private readonly List<Process> _processes = [];
    private readonly List<(string Kernel, string Name, Dictionary<string, string> Use)> _jails = [];
    private readonly List<string> _kernels = [];
    private readonly long _time = Stopwatch.GetTimestamp();

    private readonly record struct Process(string Kernel, int Pid, string Jail, string User, string State, string Threads, long Milliseconds, long Memory, string Name);

    internal static TopSample Take(string[] names)
    {
        var sample = new TopSample();
        foreach (var name in names.Length > 0 ? names : [.. ControlPaths.Names().Where(name => ControlPaths.Of(name).IsAlive)])
        {
            try
            {
                sample.Add(name);
            }
            catch (ControlException) when (names.Length == 0)
            {
                // It ended between the look at its lock and the question.
            }
        }

        return sample;
    }

    /// <summary>The text, at most so many rows of so many columns.</summary>
    internal string Render(TopSample before, int rows, int columns)
    {
        var cpu = Measure(before);
        var lines = new List<string>
        {
            $"dragonet top   kernels {_kernels.Count}   jails {_jails.Count(jail => jail.Name != "0")}   processes {_processes.Count}   cpu {Text(cpu.Values.Sum())}%",
            "",
            "KERNEL       JAIL             PROCS  THREADS    CPU%      MEM     DISK   READ/s  WRITE/s",
        };
        foreach (var (kernel, name, use) in _jails.Where(jail => jail.Name != "0" || _processes.Exists(process => process.Kernel == jail.Kernel)))
        {
            var inside = In(kernel, name);
            lines.Add($"{kernel,-12} {name,-16} {Held(use, "maxproc"),5}  {Held(use, "nthr"),7}  {Text(inside.Sum(process => cpu[(kernel, process.Pid)])),6}  {Size(Held(use, "memoryuse")),7}  {Size(Held(use, "disk")),7}  {Size(Held(use, "readbps")),7}  {Size(Held(use, "writebps")),7}");
        }

        lines.AddRange(["", "KERNEL           PID JAIL             USER S  THR    CPU%      MEM      TIME COMMAND"]);
        lines.AddRange(_processes.OrderByDescending(process => cpu[(process.Kernel, process.Pid)]).ThenByDescending(process => process.Milliseconds).ThenBy(process => process.Pid)
            .Select(process => $"{process.Kernel,-12} {process.Pid,7} {process.Jail,-12} {process.User,8} {process.State} {process.Threads,4}  {Text(cpu[(process.Kernel, process.Pid)]),6}  {Size(process.Memory),7}  {process.Milliseconds / 1000.0,8:F1} {process.Name}"));
        return string.Concat(lines.Take(rows).Select(line => (line.Length > columns ? line[..columns] : line) + "\n"));
    }

    /// <summary>Everything as an object: kernels, jails and processes, with per cent of one processor.</summary>
    internal string RenderJson(TopSample before)
    {
        var cpu = Measure(before);
        using var output = new MemoryStream();
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("jails");
            foreach (var (kernel, name, use) in _jails)
            {
                Rows.Write(writer,
                [
                    new("kernel", kernel), new("jail", name), new("cpu", Text(In(kernel, name).Sum(process => cpu[(kernel, process.Pid)]))),
                    .. ((string[])["maxproc", "nthr", "memoryuse", "disk", "readbps", "writebps"]).Select(resource => KeyValuePair.Create(resource, Held(use, resource).ToString(CultureInfo.InvariantCulture))),
                ]);
            }

            writer.WriteEndArray();
            writer.WriteStartArray("processes");
            foreach (var process in _processes)
            {
                Rows.Write(writer,
                [
                    new("kernel", process.Kernel), new("pid", $"{process.Pid}"), new("jail", process.Jail), new("user", process.User), new("state", process.State), new("threads", process.Threads),
                    new("cpu", Text(cpu[(process.Kernel, process.Pid)])), new("memory", process.Memory.ToString(CultureInfo.InvariantCulture)),
                    new("milliseconds", process.Milliseconds.ToString(CultureInfo.InvariantCulture)), new("command", process.Name),
                ]);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(output.ToArray());
    }

    /// <summary>Per cent of one processor that each process had since an earlier look.</summary>
    private Dictionary<(string Kernel, int Pid), double> Measure(TopSample before)
    {
        var seconds = Math.Max(Stopwatch.GetElapsedTime(before._time, _time).TotalSeconds, 0.001);
        var past = before._processes.ToDictionary(process => (process.Kernel, process.Pid), process => process.Milliseconds);
        return _processes.ToDictionary(process => (process.Kernel, process.Pid),
            process => before == this ? 0 : Math.Max(0, process.Milliseconds - past.GetValueOrDefault((process.Kernel, process.Pid), 0)) / seconds / 10);
    }

    private IEnumerable<Process> In(string kernel, string jail)
        => _processes.Where(process => process.Kernel == kernel && (jail == "0" || process.Jail == jail || process.Jail.StartsWith(jail + ".", StringComparison.Ordinal)));

    private void Add(string kernel)
    {
        var activity = ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.Activity }).Text ?? "";
        foreach (var line in activity.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split('\t') is [var pid, var jail, var user, var state, var threads, var time, var memory, var name])
            {
                _processes.Add(new Process(kernel, int.Parse(pid, CultureInfo.InvariantCulture), jail, user, state, threads, long.Parse(time, CultureInfo.InvariantCulture), long.Parse(memory, CultureInfo.InvariantCulture), name));
            }
        }

        var names = (ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.List }).Jails ?? []).Select(jail => jail["name"]).Prepend("0");
        foreach (var name in names)
        {
            if (ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.Usage, Jail = name }).Values is { } use)
            {
                _jails.Add((kernel, name, use)); // else it went meanwhile
            }
        }

        _kernels.Add(kernel);
    }

    private static long Held(Dictionary<string, string> use, string resource)
        => use.TryGetValue(resource, out var text) && long.TryParse(text.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var held) ? held : 0;

    private static string Text(double number) => number.ToString("F1", CultureInfo.InvariantCulture);

    private static string Size(long bytes) => bytes switch
    {
        >= 10L << 30 => $"{bytes >> 30}G",
        >= 10L << 20 => $"{bytes >> 20}M",
        >= 10L << 10 => $"{bytes >> 10}K",
        _ => $"{bytes}",
    };
}
