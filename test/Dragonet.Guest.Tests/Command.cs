using System.IO;

namespace Dragonet.Guest.Tests;

/// <summary>The `dragonet` command as users run it, in a process of its own.</summary>
internal static class Command
{
    /// <summary>The program that the script `dragonet` starts.</summary>
    internal static string Path { get; } = Built("Dragonet.Cli", "dragonet-cli");

    /// <summary>Runs `dragonet run` with these arguments.</summary>
    internal static ProgramOutcome Run(IEnumerable<string> arguments, TimeSpan limit) => HostTool.Run(Path, ["run", .. arguments], "/", limit);

    /// <summary>A program of this build.</summary>
    internal static string Built(string project, string name) => System.IO.Path.Combine(Repository.Artifacts, "bin", project, new DirectoryInfo(AppContext.BaseDirectory).Name, name);
}
