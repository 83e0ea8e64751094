namespace Dragonet.Fs.Hostfs;

/// <summary>How a host directory is shown.</summary>
public sealed record HostfsOptions
{
    /// <summary>Nothing may be changed.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>What not everybody on the host may read answers EACCES, whoever asks: files without o+r, directories without o+rx.
    /// For a base that is the host's own system, when the kernel has more rights than its guests should get.</summary>
    public bool WorldReadableOnly { get; init; }

    /// <summary>How long names and attributes are believed, in nanoseconds: 0 for not at all, <see cref="long.MaxValue"/> when nobody
    /// else changes the directory.</summary>
    public long CacheTime { get; init; }

    /// <summary>The host user of this process appears as the guest's root, and what guest root makes belongs to that user.</summary>
    public bool MapOwner { get; init; }

    /// <summary>Owner and permissions are in <see cref="OwnerAttribute"/>, where a file has it: for trees that an ordinary user keeps for others
    /// (templates).</summary>
    public bool StoredOwners { get; init; }

    /// <summary>"UID:GID:PERMISSIONS" in decimal numbers. Guests do not see it.</summary>
    public const string OwnerAttribute = "user.dragonet.owner";
}
