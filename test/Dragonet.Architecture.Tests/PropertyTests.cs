using System.IO;
using System.Text.RegularExpressions;
using Xunit;

namespace Dragonet.Architecture.Tests;

/// <summary>The numbered properties of jails: each begins a test's name, or docs/differences.md says why not.</summary>
public sealed partial class PropertyTests
{
    private static readonly (string Letter, int First, int Last)[] s_properties =
    [
        ("J", 1, 12), ("J", 20, 32), ("J", 40, 45), ("N", 1, 7), ("R", 1, 9), ("I", 1, 8), ("CH", 1, 6), ("K", 8, 9),
    ];

    [Fact]
    public void Every_property_is_a_tests_name_or_listed_with_its_reason()
    {
        var tested = Directory.EnumerateFiles(Path.Combine(Repository.Root, "test"), "*Tests.cs", SearchOption.AllDirectories)
            .SelectMany(static file => TestName().Matches(File.ReadAllText(file)))
            .SelectMany(static name => name.Groups["id"].Captures.Select(static capture => capture.Value))
            .ToHashSet();
        var listed = File.ReadLines(Path.Combine(Repository.Root, "docs/differences.md"))
            .Select(static line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(static cells => cells.Length == 5 && cells[3].Length > 0)
            .SelectMany(static cells => cells[1].Split(' '));
        Assert.Empty(s_properties.SelectMany(static range => Enumerable.Range(range.First, range.Last - range.First + 1).Select(number => $"{range.Letter}{number}"))
            .Except(tested).Except(listed));
    }

    /// <summary>public void J28_J44_what_it_says(</summary>
    [GeneratedRegex(@"public (?:async Task|void) (?:(?<id>[A-Z]{1,2}[0-9]+)_(?:and_)?)+[A-Za-z_0-9]+\(")]
    private static partial Regex TestName();
}
