using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>What may be written to /proc/PID/{uid_map,gid_map,setgroups} (user_namespaces(7)).</summary>
public static class IdMapWriter
{
    /// <summary>Sets a map. EPERM for a second one and for who may not map these ids; EINVAL for what is no map.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="users">Whose map; null for the first user namespace, which has its own.</param>
    /// <param name="groups">gid_map.</param>
    /// <param name="opener">Who opened the file.</param>
    /// <param name="writer">Who writes.</param>
    /// <param name="text">What is written.</param>
    public static Errno SetMap(Kernel kernel, UserNamespace? users, bool groups, Credentials opener, Credentials writer, string text)
    {
        if (users is null || (!ReferenceEquals(opener.Namespace, users) && !ReferenceEquals(opener.Namespace, users.Parent))
            || (groups ? users.Gids : users.Uids) is not null || !opener.HasOwn(Capability.CAP_SYS_ADMIN, users))
        {
            return Errno.EPERM;
        }

        if (IdMap.Parse(text) is not { } extents)
        {
            return Errno.EINVAL;
        }

        if (!MayMap(users, groups, opener, writer, extents))
        {
            return Errno.EPERM;
        }

        var inForce = new List<IdExtent>();
        foreach (var extent in extents)
        {
            var outside = Above(users, groups, extent.Outside, extent.Count);
            if (outside == UserNamespace.NoId)
            {
                return Errno.EPERM;
            }

            inForce.Add(extent with { Outside = outside });
        }

        if (!users.TrySet(new IdMap(inForce), groups))
        {
            return Errno.EPERM;
        }

        kernel.TellMapped(users);
        return Errno.OK;
    }

    /// <summary>Writes setgroups. EPERM for "allow" after "deny", and for "deny" after gid_map.</summary>
    public static Errno SetGroups(UserNamespace? users, string text)
    {
        var word = text.TrimEnd(' ', '\t', '\n', '\v', '\f', '\r');
        if (word is not ("allow" or "deny"))
        {
            return Errno.EINVAL;
        }

        if (word == "allow")
        {
            return users is { MaySetGroups: false } ? Errno.EPERM : Errno.OK;
        }

        if (users?.Gids is not null || users is null)
        {
            return Errno.EPERM;
        }

        users.DenyGroups();
        return Errno.OK;
    }

    /// <summary>The rule of who maps what: oneself, or what one has CAP_SETUID or CAP_SETGID for in the parent. The parent's root needs CAP_SETFCAP as
    /// well, since files of his could be given capabilities.</summary>
    private static bool MayMap(UserNamespace users, bool groups, Credentials opener, Credentials writer, IReadOnlyList<IdExtent> extents)
    {
        var isOwn = ReferenceEquals(opener.Namespace, users);
        if (!groups && extents.Any(static extent => extent.Outside == 0)
            && !(isOwn ? users.CreatorHadSetFcap : opener.Has(Capability.CAP_SETFCAP, users.Parent)))
        {
            return false;
        }

        if (extents is [{ Count: 1 } single] && users.OwnerUid == opener.EffectiveUid)
        {
            var outside = Above(users, groups, single.Outside, 1);
            if (groups ? !users.MaySetGroups && outside == opener.EffectiveGid : outside == opener.EffectiveUid)
            {
                return true;
            }
        }

        var needed = groups ? Capability.CAP_SETGID : Capability.CAP_SETUID;
        return writer.Has(needed, users.Parent) && opener.Has(needed, users.Parent);
    }

    /// <summary>The kernel's first id for a run of ids of the parent.</summary>
    private static uint Above(UserNamespace users, bool groups, uint first, uint count)
        => users.Parent is not { } parent ? first : (groups ? parent.Gids : parent.Uids)?.ToKernel(first, count) ?? UserNamespace.NoId;
}
