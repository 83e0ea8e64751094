using Dragonet.Abi;

namespace Dragonet.Vfs;

/// <summary>What a mount shows.</summary>
/// <param name="FileSystem">The file system.</param>
/// <param name="Root">The directory (or file) of it that becomes the mount's root.</param>
/// <param name="Device">st_dev to show instead of the file system's own, or null.</param>
public sealed record MountSource(FileSystem FileSystem, Dentry Root, ulong? Device = null)
{
    /// <summary>Restrictions that the mount has whatever it is asked for: those of what it shows.</summary>
    public MountFlags Inherited { get; init; }

    /// <summary>The whole file system.</summary>
    public MountSource(FileSystem fileSystem)
        : this(fileSystem, fileSystem.RootDentry)
    {
    }
}
