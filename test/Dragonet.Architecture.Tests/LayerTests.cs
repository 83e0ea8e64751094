using System.IO;
using System.Xml.Linq;
using Xunit;

namespace Dragonet.Architecture.Tests;

/// <summary>Who uses whom, and who may be unsafe.</summary>
public sealed class LayerTests
{
    [Fact]
    public void References_are_those_of_eng_layers_txt()
    {
        var allowed = File.ReadLines(Path.Combine(Repository.Root, "eng", "layers.txt"))
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(':', 2))
            .ToDictionary(parts => parts[0], parts => Sorted(parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)), StringComparer.Ordinal);
        var actual = Repository.Projects("src", "bench").ToDictionary(Name, project => Sorted(References(project)), StringComparer.Ordinal);
        Assert.Equal(Sorted(allowed.Keys), Sorted(actual.Keys));
        var wrong = actual.Where(project => project.Value != allowed[project.Key]).Select(project => $"{project.Key} uses {project.Value}, not {allowed[project.Key]}");
        Assert.Empty(wrong);
    }

    [Fact]
    public void Only_the_platform_is_unsafe()
    {
        var unsafeProjects = Repository.Projects("src", "gen", "test", "samples", "bench")
            .Where(project => XDocument.Load(project).Descendants("AllowUnsafeBlocks").Any(element => element.Value == "true"))
            .Select(Name);
        Assert.Equal(["Dragonet.Platform.Linux"], unsafeProjects);
    }

    [Fact]
    public void The_solution_names_every_project()
    {
        var listed = XDocument.Load(Path.Combine(Repository.Root, "Dragonet.slnx")).Descendants("Project").Select(element => (string)element.Attribute("Path")!);
        var missing = Repository.Projects("src", "gen", "test", "samples", "bench").Select(Repository.Relative).Except(listed);
        Assert.Empty(missing);
    }

    private static string Name(string project) => Path.GetFileNameWithoutExtension(project);

    private static string Sorted(IEnumerable<string> names) => string.Join(' ', names.Order(StringComparer.Ordinal));

    /// <summary>Generators run in the compiler; they are no layer.</summary>
    private static IEnumerable<string> References(string project)
        => XDocument.Load(project).Descendants("ProjectReference")
            .Where(element => (string?)element.Attribute("OutputItemType") != "Analyzer")
            .Select(element => Name((string)element.Attribute("Include")!));
}
