namespace Dragonet.Vfs;

/// <summary>A change of attributes that the VFS has allowed; the change time moves with every one.</summary>
public readonly record struct AttributeChange
{
    public AttributeMask Mask { get; init; }

    /// <summary>Permission bits (07777).</summary>
    public uint Mode { get; init; }

    public uint Uid { get; init; }

    public uint Gid { get; init; }

    public long Size { get; init; }

    /// <summary>Nanoseconds since the epoch.</summary>
    public long AccessTime { get; init; }

    /// <summary>Nanoseconds since the epoch.</summary>
    public long ModifyTime { get; init; }

    public bool Has(AttributeMask mask) => (Mask & mask) != 0;
}
