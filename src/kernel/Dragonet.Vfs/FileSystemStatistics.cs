namespace Dragonet.Vfs;

/// <summary>What statfs(2) tells about a file system.</summary>
public readonly record struct FileSystemStatistics
{
    /// <summary>Magic number (linux/magic.h).</summary>
    public long Type { get; init; }

    /// <summary>Block size in bytes; the counts are in it.</summary>
    public long BlockSize { get; init; }

    public ulong Blocks { get; init; }

    public ulong FreeBlocks { get; init; }

    public ulong AvailableBlocks { get; init; }

    public ulong Files { get; init; }

    public ulong FreeFiles { get; init; }

    /// <summary>Longest name.</summary>
    public long NameLength { get; init; }
}
