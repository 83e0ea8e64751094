namespace Dragonet.Base;

/// <summary>Who a task is (credentials(7)). Immutable: a change makes a new one, so that a reader sees a consistent set.</summary>
public sealed partial record Credentials
{
    /// <summary>All capabilities that this kernel knows (CAP_CHECKPOINT_RESTORE is the last).</summary>
    public const ulong AllCapabilities = (1UL << 41) - 1;

    /// <summary>Root with every capability.</summary>
    public static Credentials Root { get; } = new() { Effective = AllCapabilities, Permitted = AllCapabilities, Bounding = AllCapabilities };

    public uint Uid { get; init; }

    public uint EffectiveUid { get; init; }

    public uint SavedUid { get; init; }

    /// <summary>The uid for file-system checks; follows the effective uid unless setfsuid(2) changed it.</summary>
    public uint FsUid { get; init; }

    public uint Gid { get; init; }

    public uint EffectiveGid { get; init; }

    public uint SavedGid { get; init; }

    public uint FsGid { get; init; }

    /// <summary>Supplementary groups.</summary>
    public IReadOnlyList<uint> Groups { get; init; } = [];

    public ulong Effective { get; init; }

    public ulong Permitted { get; init; }

    public ulong Inheritable { get; init; }

    public ulong Bounding { get; init; } = AllCapabilities;

    public ulong Ambient { get; init; }

    /// <summary>SECBIT_* (capabilities(7)).</summary>
    public uint SecureBits { get; init; }

    /// <summary>An ordinary user.</summary>
    public static Credentials User(uint uid, uint gid, params IReadOnlyList<uint> groups) => new()
    {
        Uid = uid, EffectiveUid = uid, SavedUid = uid, FsUid = uid,
        Gid = gid, EffectiveGid = gid, SavedGid = gid, FsGid = gid,
        Groups = groups,
        Effective = uid == 0 ? AllCapabilities : 0,
        Permitted = uid == 0 ? AllCapabilities : 0,
    };

    /// <summary>What counts in the jail that it was made in; null outside of jails, where everything does.</summary>
    public CapabilityLimit? Limit { get; init; }

    /// <summary>The user namespace that it is in; null for the first one of the kernel.</summary>
    public UserNamespace? Namespace { get; init; }

    /// <summary>True when the effective set has the capability (its CAP_* number) over the kernel as a whole: in the first user namespace, and the jail
    /// lets it count.</summary>
    public bool Has(Capability capability) => Namespace is null && HasWithin(capability);

    /// <summary>True when the effective set has the capability over the kernel as a whole, whatever the jail says: for what a jail allows by a
    /// parameter of its own.</summary>
    public bool HasOwn(Capability capability) => Namespace is null && IsEffective(capability);

    /// <summary>True when the group is the file-system gid or a supplementary one.</summary>
    public bool InGroup(uint gid)
    {
        if (gid == FsGid)
        {
            return true;
        }

        foreach (var group in Groups)
        {
            if (group == gid)
            {
                return true;
            }
        }

        return false;
    }
}
