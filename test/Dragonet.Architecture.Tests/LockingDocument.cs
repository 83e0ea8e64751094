using System.IO;
using System.Text;
using System.Text.RegularExpressions;

namespace Dragonet.Architecture.Tests;

/// <summary>docs/locking.md, from the comments of LockRank.</summary>
internal static partial class LockingDocument
{
    internal static string Text()
    {
        var source = File.ReadAllText(Path.Combine(Repository.Root, "src", "base", "Dragonet.Base", "LockRank.cs"));
        var text = new StringBuilder("""
            # Locks

            Written from `src/base/Dragonet.Base/LockRank.cs`. Locks are acquired strictly upward in this table; two of the same rank only in the
            order of an id that never changes. Debug builds check every acquisition. Nobody waits while holding a lock: a handler that must wait
            answers *blocked*; a waker changes state under its lock and wakes a queue, which only marks tasks ready.

            | rank | lock | guards |
            |---:|---|---|

            """);
        foreach (Match member in Member().Matches(source))
        {
            var summary = Space().Replace(member.Groups["summary"].Value.Replace("///", " ", StringComparison.Ordinal), " ").Trim();
            _ = text.Append("| ").Append(member.Groups["rank"].Value).Append(" | ").Append(member.Groups["name"].Value).Append(" | ").Append(summary).Append(" |\n");
        }

        return text.ToString();
    }

    [GeneratedRegex(@"<summary>(?<summary>[^<]*)</summary>\s*(?<name>\w+) = (?<rank>\d+),", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Member();

    [GeneratedRegex(@"\s+", RegexOptions.None, 1000)]
    private static partial Regex Space();
}
