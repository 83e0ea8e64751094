namespace Dragonet.Platform;

/// <summary>What the host tells about one of its files.</summary>
public readonly record struct HostAttributes
{
    /// <summary>Device of the file system, major &lt;&lt; 20 | minor.</summary>
    public ulong Device { get; init; }

    public ulong Number { get; init; }

    public uint Mode { get; init; }

    public uint Links { get; init; }

    public uint Uid { get; init; }

    public uint Gid { get; init; }

    /// <summary>Device number of a device node, major &lt;&lt; 20 | minor.</summary>
    public ulong RawDevice { get; init; }

    public long Size { get; init; }

    public int BlockSize { get; init; }

    /// <summary>Allocated 512-byte blocks.</summary>
    public long Blocks { get; init; }

    /// <summary>Times in nanoseconds since the epoch.</summary>
    public long AccessTime { get; init; }

    public long ModifyTime { get; init; }

    public long ChangeTime { get; init; }

    public long BirthTime { get; init; }
}
