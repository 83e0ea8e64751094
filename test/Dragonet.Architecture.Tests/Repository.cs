using System.IO;

namespace Dragonet.Architecture.Tests;

/// <summary>The source tree.</summary>
internal static class Repository
{
    private static readonly string[] s_built = ["bin", "obj", "artifacts"];

    internal static string Root { get; } = Find();

    /// <summary>Project files below these directories of the root.</summary>
    internal static IEnumerable<string> Projects(params string[] directories)
        => directories.Select(directory => Path.Combine(Root, directory)).Where(Directory.Exists).SelectMany(directory => Files(directory, "*.csproj"));

    /// <summary>C# files below src and gen.</summary>
    internal static IEnumerable<string> Sources() => Files(Path.Combine(Root, "src"), "*.cs").Concat(Files(Path.Combine(Root, "gen"), "*.cs"));

    /// <summary>The path below the root.</summary>
    internal static string Relative(string path) => Path.GetRelativePath(Root, path);

    private static IEnumerable<string> Files(string directory, string pattern)
        => Directory.EnumerateFiles(directory, pattern, SearchOption.AllDirectories)
            .Where(file => !Relative(file).Split('/').Intersect(s_built).Any())
            .Order(StringComparer.Ordinal);

    private static string Find()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Dragonet.slnx")))
            {
                return directory.FullName;
            }
        }

        throw new InvalidOperationException("the tests must run inside the source tree");
    }
}
