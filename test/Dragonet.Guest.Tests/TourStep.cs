using System.IO;
using System.Text.RegularExpressions;

namespace Dragonet.Guest.Tests;

/// <summary>A command of README.md's "Five minutes", and what the page says that it prints.</summary>
/// <param name="Command">As a user types it.</param>
/// <param name="Expected">Lines; "…" alone stands for any lines, within a line for any text.</param>
public sealed partial record TourStep(string Command, IReadOnlyList<string> Expected)
{
    /// <summary>All of them, in the order of the page.</summary>
    internal static IReadOnlyList<TourStep> Read(IEnumerable<string> page)
    {
        var steps = new List<TourStep>();
        List<string>? expected = null;
        foreach (var line in page.SkipWhile(line => line != "## Five minutes").Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal)))
        {
            if (line.StartsWith("    $ ", StringComparison.Ordinal))
            {
                steps.Add(new TourStep(line[6..], expected = []));
            }
            else if (line.StartsWith("    ", StringComparison.Ordinal) && expected is not null)
            {
                expected.Add(line[4..]);
            }
            else
            {
                expected = null;
            }
        }

        return steps;
    }

    /// <summary>True when the output is what the page says.</summary>
    internal bool Matches(string output)
    {
        var pattern = string.Concat(Expected.Select(line => line == "…" ? "(?:.*\n)*?"
            : Address().Replace(Regex.Escape(line).Replace("…", ".*", StringComparison.Ordinal), "0x[0-9a-f]+") + "\n"));
        return Regex.IsMatch(output, $"\\A{pattern}\\z", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(10));
    }

    /// <inheritdoc/>
    public override string ToString() => Command;

    /// <summary>An address is another one each time.</summary>
    [GeneratedRegex("0x[0-9a-f]{9,}", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Address();
}
