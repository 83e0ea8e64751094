namespace Dragonet.Vfs;

/// <summary>What stat(2) tells. A snapshot.</summary>
public readonly record struct InodeAttributes
{
    /// <summary>Device of the file system (st_dev): major &lt;&lt; 20 | minor as the kernel keeps it.</summary>
    public ulong Device { get; init; }

    public ulong Number { get; init; }

    /// <summary>File type and permission bits (S_IF* | 07777).</summary>
    public uint Mode { get; init; }

    public uint Links { get; init; }

    public uint Uid { get; init; }

    public uint Gid { get; init; }

    /// <summary>Device number of a device node (st_rdev).</summary>
    public ulong RawDevice { get; init; }

    /// <summary>Size in bytes.</summary>
    public long Size { get; init; }

    /// <summary>Preferred I/O size.</summary>
    public int BlockSize { get; init; }

    /// <summary>Allocated 512-byte blocks.</summary>
    public long Blocks { get; init; }

    /// <summary>Times in nanoseconds since the epoch.</summary>
    public long AccessTime { get; init; }

    public long ModifyTime { get; init; }

    public long ChangeTime { get; init; }

    public long BirthTime { get; init; }
}
