using System.IO;

namespace Dragonet.Guest.Tests;

/// <summary>Where things are in the source tree.</summary>
internal static class Repository
{
    internal static string Root { get; } = Find();

    internal static string GuestSources => Path.Combine(Root, "test", "guest");

    internal static string Artifacts => Path.Combine(Root, "artifacts");

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
