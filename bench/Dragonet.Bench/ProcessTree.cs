using System.Diagnostics;
using System.Globalization;
using System.IO;

namespace Dragonet.Bench;

/// <summary>What /proc says about a process and its descendants: proc(5).</summary>
internal static class ProcessTree
{
    /// <summary>The process and all that descend from it, parents first.</summary>
    internal static IEnumerable<int> Of(int root)
    {
        var children = Parents().ToLookup(pair => pair.Parent, pair => pair.Id);
        var found = new List<int> { root };
        for (var at = 0; at < found.Count; at++)
        {
            found.AddRange(children[found[at]]);
        }

        return found;
    }

    /// <summary>Memory that would be free without these processes, shared pages divided among their users, in bytes.</summary>
    internal static long Memory(IEnumerable<int> processes)
        => processes.Sum(id => Read($"/proc/{id}/smaps_rollup").Where(line => line.StartsWith("Pss:", StringComparison.Ordinal))
            .Sum(line => Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024));

    /// <summary>How often each of their threads was given a processor since it began.</summary>
    internal static Dictionary<string, long> Switches(IEnumerable<int> processes)
        => processes.SelectMany(id => Directory.Exists($"/proc/{id}/task") ? Directory.EnumerateDirectories($"/proc/{id}/task") : [])
            .ToDictionary(task => task, task => Read($"{task}/status")
                .Where(line => line.Contains("ctxt_switches:", StringComparison.Ordinal)).Sum(line => Number(line.Split('\t')[1])));

    private static IEnumerable<(int Id, int Parent)> Parents()
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var id))
            {
                continue;
            }

            // The name in parentheses may itself hold anything.
            var stat = string.Concat(Read($"{directory}/stat"));
            if (stat.LastIndexOf(')') is > 0 and var end)
            {
                yield return (id, (int)Number(stat[(end + 2)..].Split(' ')[1]));
            }
        }
    }

    /// <summary>Lines of a file of /proc; none when its process has ended meanwhile.</summary>
    private static string[] Read(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
