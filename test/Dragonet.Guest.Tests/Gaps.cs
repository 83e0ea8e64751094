using System.IO;

namespace Dragonet.Guest.Tests;

/// <summary>
/// test/guest/gaps.txt: "PROGRAM TEST REASON", what is known not to pass, each with a reason. With DRAGONET_GAPS=exact a listed test
/// that passes is a failure, too: that is how the list is kept short.
/// </summary>
internal static class Gaps
{
    private static readonly HashSet<(string Program, string Test)> s_known = Read();

    internal static bool IsListed(string program, string test) => s_known.Contains((program, test)) || s_known.Contains((program, "*"));

    /// <summary>What failed and is not listed.</summary>
    internal static IReadOnlyList<string> Unexpected(string program, ProgramOutcome outcome)
    {
        if (s_known.Contains((program, "*")))
        {
            return [];
        }

        var failed = Names(outcome, "not ok ");
        var wrong = failed.Where(test => !IsListed(program, test)).Select(test => test + " failed").ToList();
        if (Environment.GetEnvironmentVariable("DRAGONET_GAPS") == "exact")
        {
            wrong.AddRange(Names(outcome, "ok ").Where(test => IsListed(program, test)).Select(test => test + " passes: remove it from gaps.txt"));
        }

        if (outcome.Status is not (0 or 1) || (outcome.Status == 1 && failed.Count == 0))
        {
            wrong.Add($"ended with status {outcome.Status}");
        }

        return wrong;
    }

    private static List<string> Names(ProgramOutcome outcome, string prefix)
        => [.. outcome.Output.Split('\n').Where(line => line.StartsWith(prefix, StringComparison.Ordinal)).Select(line => line[prefix.Length..].Trim())];

    private static HashSet<(string Program, string Test)> Read()
        => [.. File.ReadLines(Path.Combine(Repository.GuestSources, "gaps.txt"))
            .Where(line => !line.StartsWith('#'))
            .Select(line => line.Split([' '], 3, StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields.Length == 3)
            .Select(fields => (fields[0], fields[1]))];
}
