using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>The arguments of a mount, as a file system type sees them.</summary>
/// <param name="Vfs">The kernel's VFS.</param>
/// <param name="Context">Who mounts, and from where relative paths are looked up.</param>
/// <param name="Source">What mount(8) calls the device: a path or any text.</param>
/// <param name="Flags">MS_*.</param>
/// <param name="Options">The comma-separated options that are not flags.</param>
public sealed record MountRequest(VirtualFileSystem Vfs, WalkContext Context, string Source, MountFlags Flags, string Options)
{
    /// <summary>The jail that will have it; null for the kernel itself.</summary>
    public IJail? Jail { get; init; }

    /// <summary>Finds a path for an option like lowerdir=.</summary>
    public Result<VfsPath> Resolve(string path) => Vfs.Lookup(Context, path, WalkFlags.Follow);

    /// <summary>The options as pairs, in order; an option without "=" has an empty value.</summary>
    public IEnumerable<(string Key, string Value)> ParseOptions()
    {
        foreach (var part in Options.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            yield return equals < 0 ? (part, "") : (part[..equals], part[(equals + 1)..]);
        }
    }
}
