using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>
/// The user and mount namespaces that the guests of a kernel made. Each is counted for who made it and for the makers of the user namespaces
/// around it (namespaces(7), /proc/sys/user), and goes with the last task or descriptor that keeps it.
/// </summary>
public sealed class NamespaceTable
{
    private const ulong FirstMade = 4026532200;

    private readonly KernelLock _lock = new(LockRank.Namespaces);
    private readonly HashSet<UserNamespace> _users = [];
    private readonly Dictionary<MountNamespace, Maker> _mounts = [];
    private readonly Dictionary<(Maker Maker, bool IsMounts), int> _made = [];
    private ulong _next = FirstMade;
    private int _maxUsers = 1024;
    private int _maxMounts = 1024;

    /// <summary>How many user namespaces a user may have (/proc/sys/user/max_user_namespaces).</summary>
    public int MaxUsers
    {
        get => Volatile.Read(ref _maxUsers);
        set => Volatile.Write(ref _maxUsers, value);
    }

    /// <summary>How many mount namespaces a user may have (/proc/sys/user/max_mnt_namespaces).</summary>
    public int MaxMounts
    {
        get => Volatile.Read(ref _maxMounts);
        set => Volatile.Write(ref _maxMounts, value);
    }

    /// <summary>The mount namespaces that there are, without those of the kernel and of jails.</summary>
    public IReadOnlyList<MountNamespace> Mounts
    {
        get
        {
            using (_lock.Enter())
            {
                return [.. _mounts.Keys];
            }
        }
    }

    /// <summary>How many there are of both kinds in a jail and those in it.</summary>
    public int Count(Jail jail)
    {
        var inside = jail.Kernel.Jails.List().Concat(jail.Kernel.Jails.Dying).Append(jail).Where(jail.Contains).Select(static each => each.Rights).ToHashSet();
        using (_lock.Enter())
        {
            return _mounts.Keys.Count(mounts => mounts.Jail is Jail of && jail.Contains(of)) + _users.Count(users => inside.Contains(users.Scope));
        }
    }

    /// <summary>A user namespace in the caller's. ENOSPC when there are too many, or too many around it; EPERM for who has changed his root, or has no
    /// name in his own (user_namespaces(7)).</summary>
    internal Result<UserNamespace> MakeUsers(Task task)
    {
        var creator = task.Credentials;
        if (creator.Namespace is { Level: > UserNamespace.MaxLevel })
        {
            return Errno.ENOSPC;
        }

        if (task.Fs.Root != task.Mounts.Root)
        {
            return Errno.EPERM;
        }

        if (!creator.HasName(creator.EffectiveUid, creator.EffectiveGid))
        {
            return Errno.EPERM;
        }

        using (_lock.Enter())
        {
            if (!TryChargeLocked(creator, mounts: false))
            {
                return Errno.ENOSPC;
            }

            _ = creator.Namespace?.Uses.TryAdd(); // the creator is in it
            var made = new UserNamespace(_next++, creator);
            _ = _users.Add(made);
            return made;
        }
    }

    /// <summary>A copy of the caller's mounts for who it will be, with its root and working directory there.</summary>
    internal Result<MountNamespace> MakeMounts(Task task, Credentials who, out FsContext fs)
    {
        fs = task.Fs;
        ulong id;
        using (_lock.Enter())
        {
            if (!TryChargeLocked(who, mounts: true))
            {
                return Errno.ENOSPC;
            }

            id = _next++;
        }

        var made = task.Mounts.Copy(id, who.Namespace, out var copies);
        made.Jail = task.Jail;
        _ = who.Namespace?.Uses.TryAdd(); // the caller holds it
        fs = new FsContext(Copied(task.Fs.Root), Copied(task.Fs.Cwd), task.Fs.Umask);
        using (_lock.Enter())
        {
            _mounts.Add(made, new Maker(who.Limit, who.Namespace, who.EffectiveUid));
        }

        return made;

        VfsPath Copied(VfsPath place) => copies.TryGetValue(place.Mount, out var copy) ? new VfsPath(copy, place.Dentry) : place;
    }

    /// <summary>Somebody does not keep it any more.</summary>
    internal void Drop(UserNamespace? users)
    {
        while (users is not null && users.Uses.Drop())
        {
            using (_lock.Enter())
            {
                _ = _users.Remove(users);
                GiveLocked(new Maker(users.Scope, users.Parent, users.OwnerUid), mounts: false);
            }

            users = users.Parent;
        }
    }

    /// <summary>Somebody does not keep it any more: with the last one its mounts go. No lock held.</summary>
    internal void Drop(MountNamespace mounts)
    {
        if (!mounts.Uses.Drop())
        {
            return;
        }

        using (_lock.Enter())
        {
            if (_mounts.Remove(mounts, out var maker))
            {
                GiveLocked(maker, mounts: true);
            }
        }

        mounts.Dissolve();
        Drop(mounts.Owner);
    }

    private bool TryChargeLocked(Credentials creator, bool mounts)
    {
        var most = mounts ? MaxMounts : MaxUsers;
        var maker = new Maker(creator.Limit, creator.Namespace, creator.EffectiveUid);
        for (var each = maker; each is not null; each = each.Above)
        {
            if (_made.GetValueOrDefault((each, mounts)) >= most)
            {
                return false;
            }
        }

        for (var each = maker; each is not null; each = each.Above)
        {
            _made[(each, mounts)] = _made.GetValueOrDefault((each, mounts)) + 1;
        }

        return true;
    }

    private void GiveLocked(Maker maker, bool mounts)
    {
        for (var each = maker; each is not null; each = each.Above)
        {
            if (--_made[(each, mounts)] == 0)
            {
                _ = _made.Remove((each, mounts));
            }
        }
    }

    /// <summary>A user of a jail, in a user namespace; or a jail as a whole, which has no more than one of its users.</summary>
    private sealed record Maker(CapabilityLimit? Jail, UserNamespace? Users, uint Uid)
    {
        /// <summary>Who made that user namespace.</summary>
        internal Maker? Above => Users is not null ? new Maker(Jail, Users.Parent, Users.OwnerUid)
            : Jail is not null && Uid != UserNamespace.NoId ? new Maker(Jail, null, UserNamespace.NoId) : null;
    }
}
