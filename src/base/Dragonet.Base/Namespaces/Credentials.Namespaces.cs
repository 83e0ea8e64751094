namespace Dragonet.Base;

/// <summary>Rights over things of user namespaces, and ids as a user namespace calls them.</summary>
public sealed partial record Credentials
{
    /// <summary>True when the effective set has the capability over things of the own user namespace (ns_capable), and the jail lets it count.</summary>
    public bool HasWithin(Capability capability) => IsEffective(capability) && IsAllowed(capability);

    /// <summary>True when there is the capability over things of a user namespace: by being in it, or in one above it, with the capability; or by
    /// having made it (user_namespaces(7), "Capabilities"). And the jail lets it count.</summary>
    public bool Has(Capability capability, UserNamespace? over) => HasOwn(capability, over) && IsAllowed(capability);

    /// <summary><see cref="Has(Capability, UserNamespace?)"/>, whatever the jail says.</summary>
    public bool HasOwn(Capability capability, UserNamespace? over)
    {
        if (ReferenceEquals(over, Namespace))
        {
            return IsEffective(capability);
        }

        if (over is null || (Limit is not null && !ReferenceEquals(over.Scope, Limit)))
        {
            return false; // nothing upward, and nothing in another jail
        }

        var own = Namespace?.Level ?? 0;
        for (var each = over; each is not null && each.Level > own; each = each.Parent)
        {
            if (ReferenceEquals(each.Parent, Namespace))
            {
                return IsEffective(capability) || (each.OwnerUid == EffectiveUid && ReferenceEquals(each.Scope, Limit));
            }
        }

        return false;
    }

    /// <summary>True when the effective user made a user namespace, or one around it, in the own one.</summary>
    public bool HasMade(UserNamespace? space)
    {
        for (; space is not null; space = space.Parent)
        {
            if (ReferenceEquals(space.Parent, Namespace) && space.OwnerUid == EffectiveUid)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The capability over a file, which counts when both its owner and its group are known in the own user namespace.</summary>
    public bool HasOver(Capability capability, uint uid, uint gid)
        => HasWithin(capability) && HasName(uid, gid);

    /// <summary>True when the own user namespace has a name for a user and for a group.</summary>
    public bool HasName(uint uid, uint gid)
        => Namespace is null || (Namespace.LocalUid(uid) != UserNamespace.NoId && Namespace.LocalGid(gid) != UserNamespace.NoId);

    /// <summary>True when the own user namespace has a name for a user.</summary>
    public bool KnowsUser(uint uid) => Namespace is null || Namespace.LocalUid(uid) != UserNamespace.NoId;

    /// <summary>The kernel's id of who is root in the own user namespace; <see cref="UserNamespace.NoId"/> when nobody is.</summary>
    public uint RootUid => Namespace is null ? 0 : Namespace.KernelUid(0);

    /// <summary>The kernel's id for a user as the own user namespace calls him; <see cref="UserNamespace.NoId"/> for nobody.</summary>
    public uint KernelUid(uint uid) => Namespace is null ? uid : Namespace.KernelUid(uid);

    /// <summary>The kernel's id for a group as the own user namespace calls it; <see cref="UserNamespace.NoId"/> for none.</summary>
    public uint KernelGid(uint gid) => Namespace is null ? gid : Namespace.KernelGid(gid);

    /// <summary>A user as the own user namespace shows him.</summary>
    public uint ShownUid(uint uid) => Namespace is null ? uid : Shown(Namespace.LocalUid(uid));

    /// <summary>A group as the own user namespace shows it.</summary>
    public uint ShownGid(uint gid) => Namespace is null ? gid : Shown(Namespace.LocalGid(gid));

    /// <summary>The same in a user namespace that it enters: with all rights there and none elsewhere.</summary>
    public Credentials In(UserNamespace space) => this with
    {
        Namespace = space, Effective = AllCapabilities, Permitted = AllCapabilities, Bounding = AllCapabilities, Inheritable = 0, Ambient = 0, SecureBits = 0,
    };

    private static uint Shown(uint id) => id == UserNamespace.NoId ? UserNamespace.Overflow : id;

    private bool IsEffective(Capability capability) => (Effective >> (int)capability & 1) != 0;

    private bool IsAllowed(Capability capability) => Limit is null || Limit.Allows(capability);
}
