namespace Dragonet.Base;

/// <summary>
/// A user namespace that a guest made (user_namespaces(7)). The first one of a kernel is no object: it is null wherever one is named, so that
/// "does this need translating" is one comparison. All ids in the kernel are those of the first one; a namespace only says what it calls them.
/// </summary>
public sealed class UserNamespace
{
    /// <summary>Ids that a namespace has no name for look like this one (/proc/sys/kernel/overflowuid).</summary>
    public const uint Overflow = 65534;

    /// <summary>No id at all.</summary>
    public const uint NoId = uint.MaxValue;

    /// <summary>A namespace this deep has no children.</summary>
    public const int MaxLevel = 32;

    private IdMap? _uids;
    private IdMap? _gids;
    private bool _deniesGroups;

    /// <param name="id">Its inode number.</param>
    /// <param name="creator">Who makes it.</param>
    public UserNamespace(ulong id, Credentials creator)
    {
        Id = id;
        Parent = creator.Namespace;
        Level = (Parent?.Level ?? 0) + 1;
        OwnerUid = creator.EffectiveUid;
        OwnerGid = creator.EffectiveGid;
        Scope = creator.Limit;
        CreatorHadSetFcap = creator.HasWithin(Capability.CAP_SETFCAP);
        _deniesGroups = Parent is { MaySetGroups: false };
    }

    /// <summary>The number in "user:[…]".</summary>
    public ulong Id { get; }

    /// <summary>The one it was made in; null for the first one.</summary>
    public UserNamespace? Parent { get; }

    /// <summary>How far below the first one.</summary>
    public int Level { get; }

    /// <summary>The effective user who made it, as the kernel calls him.</summary>
    public uint OwnerUid { get; }

    /// <summary>The effective group of who made it, as the kernel calls it.</summary>
    public uint OwnerGid { get; }

    /// <summary>What counts in the jail that it was made in: nobody of another jail has a right over it. Null outside of jails.</summary>
    public CapabilityLimit? Scope { get; }

    /// <summary>Its maker could set file capabilities, and so may map the parent's root.</summary>
    public bool CreatorHadSetFcap { get; }

    /// <summary>Who keeps it.</summary>
    public UseCount Uses { get; } = new();

    /// <summary>uid_map; null until it is written.</summary>
    public IdMap? Uids => Volatile.Read(ref _uids);

    /// <summary>gid_map; null until it is written.</summary>
    public IdMap? Gids => Volatile.Read(ref _gids);

    /// <summary>/proc/PID/setgroups; once denied it stays so.</summary>
    public bool MaySetGroups => !Volatile.Read(ref _deniesGroups);

    /// <summary>setgroups(2) is refused for ever.</summary>
    public void DenyGroups() => Volatile.Write(ref _deniesGroups, true);

    /// <summary>Sets a map, once.</summary>
    /// <returns>False when there is one.</returns>
    public bool TrySet(IdMap map, bool groups) => Interlocked.CompareExchange(ref groups ? ref _gids : ref _uids, map, null) is null;

    /// <summary>The kernel's id for a user of the namespace, or <see cref="NoId"/>.</summary>
    public uint KernelUid(uint uid) => Uids?.ToKernel(uid) ?? NoId;

    /// <summary>The kernel's id for a group of the namespace, or <see cref="NoId"/>.</summary>
    public uint KernelGid(uint gid) => Gids?.ToKernel(gid) ?? NoId;

    /// <summary>What the namespace calls a user, or <see cref="NoId"/>.</summary>
    public uint LocalUid(uint uid) => Uids?.FromKernel(uid) ?? NoId;

    /// <summary>What the namespace calls a group, or <see cref="NoId"/>.</summary>
    public uint LocalGid(uint gid) => Gids?.FromKernel(gid) ?? NoId;

    /// <summary>True when a namespace is another one or lies in it.</summary>
    public static bool IsWithin(UserNamespace? inner, UserNamespace? outer)
    {
        if (outer is null)
        {
            return true;
        }

        for (; inner is not null; inner = inner.Parent)
        {
            if (ReferenceEquals(inner, outer))
            {
                return true;
            }
        }

        return false;
    }
}
