using System.IO;

namespace Dragonet.Templates;

/// <summary>
/// A tree that is being made, or removed. It goes with this object; of one whose process was killed meanwhile, the next one who comes finds the
/// lock free and removes it.
/// </summary>
internal sealed class UnfinishedTree : IDisposable
{
    private const string LockSuffix = ".lock";

    private const UnixFileMode Shown = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly FileStream _lock;

    /// <summary>A name that nobody has.</summary>
    internal UnfinishedTree(string directory)
    {
        Path = System.IO.Path.Combine(directory, System.IO.Path.GetRandomFileName());
        _lock = new FileStream(Path + LockSuffix, FileMode.CreateNew, FileAccess.Write, FileShare.None);
    }

    /// <summary>Where it is, once somebody makes it.</summary>
    internal string Path { get; }

    /// <summary>Makes its directory.</summary>
    internal string Make()
    {
        _ = Directory.CreateDirectory(Path, Shown);
        return Path;
    }

    /// <summary>Removes what others left when they were killed.</summary>
    internal static void Sweep(string directory)
    {
        foreach (var left in Directory.GetFiles(directory, "*" + LockSuffix))
        {
            try
            {
                using var held = new FileStream(left, FileMode.Open, FileAccess.Write, FileShare.None);
                Remove(left[..^LockSuffix.Length]);
                File.Delete(left);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // It is somebody's, who is at work.
            }
        }
    }

    /// <summary>What is left of it goes.</summary>
    public void Dispose()
    {
        Remove(Path);
        File.Delete(_lock.Name);
        _lock.Dispose();
    }

    private static void Remove(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }
}
