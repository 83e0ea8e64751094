using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>User and group numbers (credentials(7)).</summary>
internal static class Creds
{
    private const uint Keep = uint.MaxValue;

    [Syscall(Nr.getuid)]
    public static SysResult getuid(Task task) => task.Credentials.ShownUid(task.Credentials.Uid);

    [Syscall(Nr.geteuid)]
    public static SysResult geteuid(Task task) => task.Credentials.ShownUid(task.Credentials.EffectiveUid);

    [Syscall(Nr.getgid)]
    public static SysResult getgid(Task task) => task.Credentials.ShownGid(task.Credentials.Gid);

    [Syscall(Nr.getegid)]
    public static SysResult getegid(Task task) => task.Credentials.ShownGid(task.Credentials.EffectiveGid);

    [Syscall(Nr.getresuid)]
    public static SysResult getresuid(Task task, UserPtr real, UserPtr effective, UserPtr saved)
    {
        var c = task.Credentials;
        return Write3(task, real, c.ShownUid(c.Uid), effective, c.ShownUid(c.EffectiveUid), saved, c.ShownUid(c.SavedUid));
    }

    [Syscall(Nr.getresgid)]
    public static SysResult getresgid(Task task, UserPtr real, UserPtr effective, UserPtr saved)
    {
        var c = task.Credentials;
        return Write3(task, real, c.ShownGid(c.Gid), effective, c.ShownGid(c.EffectiveGid), saved, c.ShownGid(c.SavedGid));
    }

    [Syscall(Nr.setuid)]
    public static SysResult setuid(Task task, uint uid)
    {
        var c = task.Credentials;
        uid = c.KernelUid(uid);
        if (uid == Keep)
        {
            return Errno.EINVAL;
        }

        if (c.HasWithin(Capability.CAP_SETUID))
        {
            return Apply(task, c with { Uid = uid, EffectiveUid = uid, SavedUid = uid, FsUid = uid });
        }

        return uid == c.Uid || uid == c.SavedUid ? Apply(task, c with { EffectiveUid = uid, FsUid = uid }) : Errno.EPERM;
    }

    [Syscall(Nr.setgid)]
    public static SysResult setgid(Task task, uint gid)
    {
        var c = task.Credentials;
        gid = c.KernelGid(gid);
        if (gid == Keep)
        {
            return Errno.EINVAL;
        }

        if (c.HasWithin(Capability.CAP_SETGID))
        {
            return Apply(task, c with { Gid = gid, EffectiveGid = gid, SavedGid = gid, FsGid = gid });
        }

        return gid == c.Gid || gid == c.SavedGid ? Apply(task, c with { EffectiveGid = gid, FsGid = gid }) : Errno.EPERM;
    }

    [Syscall(Nr.setreuid)]
    public static SysResult setreuid(Task task, uint real, uint effective)
    {
        var c = task.Credentials;
        if (!TakeUid(c, ref real) || !TakeUid(c, ref effective))
        {
            return Errno.EINVAL;
        }

        var may = c.HasWithin(Capability.CAP_SETUID);
        if ((real != Keep && !may && real != c.Uid && real != c.EffectiveUid)
            || (effective != Keep && !may && effective != c.Uid && effective != c.EffectiveUid && effective != c.SavedUid))
        {
            return Errno.EPERM;
        }

        var newEffective = effective == Keep ? c.EffectiveUid : effective;
        var saved = real != Keep || (effective != Keep && effective != c.Uid) ? newEffective : c.SavedUid;
        return Apply(task, c with { Uid = real == Keep ? c.Uid : real, EffectiveUid = newEffective, SavedUid = saved, FsUid = newEffective });
    }

    [Syscall(Nr.setregid)]
    public static SysResult setregid(Task task, uint real, uint effective)
    {
        var c = task.Credentials;
        if (!TakeGid(c, ref real) || !TakeGid(c, ref effective))
        {
            return Errno.EINVAL;
        }

        var may = c.HasWithin(Capability.CAP_SETGID);
        if ((real != Keep && !may && real != c.Gid && real != c.EffectiveGid)
            || (effective != Keep && !may && effective != c.Gid && effective != c.EffectiveGid && effective != c.SavedGid))
        {
            return Errno.EPERM;
        }

        var newEffective = effective == Keep ? c.EffectiveGid : effective;
        var saved = real != Keep || (effective != Keep && effective != c.Gid) ? newEffective : c.SavedGid;
        return Apply(task, c with { Gid = real == Keep ? c.Gid : real, EffectiveGid = newEffective, SavedGid = saved, FsGid = newEffective });
    }

    [Syscall(Nr.setresuid)]
    public static SysResult setresuid(Task task, uint real, uint effective, uint saved)
    {
        var c = task.Credentials;
        if (!TakeUid(c, ref real) || !TakeUid(c, ref effective) || !TakeUid(c, ref saved))
        {
            return Errno.EINVAL;
        }

        if (!c.HasWithin(Capability.CAP_SETUID) && !(Mine(real) && Mine(effective) && Mine(saved)))
        {
            return Errno.EPERM;
        }

        var newEffective = effective == Keep ? c.EffectiveUid : effective;
        return Apply(task, c with { Uid = real == Keep ? c.Uid : real, EffectiveUid = newEffective, SavedUid = saved == Keep ? c.SavedUid : saved, FsUid = newEffective });

        bool Mine(uint id) => id == Keep || id == c.Uid || id == c.EffectiveUid || id == c.SavedUid;
    }

    [Syscall(Nr.setresgid)]
    public static SysResult setresgid(Task task, uint real, uint effective, uint saved)
    {
        var c = task.Credentials;
        if (!TakeGid(c, ref real) || !TakeGid(c, ref effective) || !TakeGid(c, ref saved))
        {
            return Errno.EINVAL;
        }

        if (!c.HasWithin(Capability.CAP_SETGID) && !(Mine(real) && Mine(effective) && Mine(saved)))
        {
            return Errno.EPERM;
        }

        var newEffective = effective == Keep ? c.EffectiveGid : effective;
        return Apply(task, c with { Gid = real == Keep ? c.Gid : real, EffectiveGid = newEffective, SavedGid = saved == Keep ? c.SavedGid : saved, FsGid = newEffective });

        bool Mine(uint id) => id == Keep || id == c.Gid || id == c.EffectiveGid || id == c.SavedGid;
    }

    [Syscall(Nr.setfsuid)]
    public static SysResult setfsuid(Task task, uint uid)
    {
        var c = task.Credentials;
        uid = c.KernelUid(uid);
        if (uid != Keep && (c.HasWithin(Capability.CAP_SETUID) || uid == c.Uid || uid == c.EffectiveUid || uid == c.SavedUid || uid == c.FsUid))
        {
            task.Credentials = c with { FsUid = uid };
        }

        return c.ShownUid(c.FsUid);
    }

    [Syscall(Nr.setfsgid)]
    public static SysResult setfsgid(Task task, uint gid)
    {
        var c = task.Credentials;
        gid = c.KernelGid(gid);
        if (gid != Keep && (c.HasWithin(Capability.CAP_SETGID) || gid == c.Gid || gid == c.EffectiveGid || gid == c.SavedGid || gid == c.FsGid))
        {
            task.Credentials = c with { FsGid = gid };
        }

        return c.ShownGid(c.FsGid);
    }

    [Syscall(Nr.getgroups)]
    public static SysResult getgroups(Task task, int size, UserPtr list)
    {
        var c = task.Credentials;
        var groups = c.Groups;
        if (size < 0 || (size != 0 && size < groups.Count))
        {
            return Errno.EINVAL;
        }

        return size != 0 && task.Memory.WriteArray<uint>(list.Address, groups.Select(c.ShownGid).ToArray()) != Errno.OK ? Errno.EFAULT : groups.Count;
    }

    [Syscall(Nr.setgroups)]
    public static SysResult setgroups(Task task, int size, UserPtr list)
    {
        var c = task.Credentials;
        if (!c.HasWithin(Capability.CAP_SETGID) || c.Namespace is { } users && (!users.MaySetGroups || users.Gids is null))
        {
            return Errno.EPERM;
        }

        if (size is < 0 or > 65536)
        {
            return Errno.EINVAL;
        }

        var groups = new uint[size];
        if (task.Memory.ReadArray(list.Address, groups.AsSpan()) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        for (var i = 0; i < size; i++)
        {
            groups[i] = c.KernelGid(groups[i]);
            if (c.Namespace is not null && groups[i] == UserNamespace.NoId)
            {
                return Errno.EINVAL;
            }
        }

        Array.Sort(groups);
        task.Credentials = c with { Groups = groups };
        return 0;
    }

    /// <summary>From the caller's user to the kernel's; false when there is none, and -1 stays.</summary>
    private static bool TakeUid(Credentials c, ref uint uid) => uid == Keep || (uid = c.KernelUid(uid)) != Keep;

    /// <summary>From the caller's group to the kernel's; false when there is none, and -1 stays.</summary>
    private static bool TakeGid(Credentials c, ref uint gid) => gid == Keep || (gid = c.KernelGid(gid)) != Keep;

    /// <summary>Sets new numbers; leaving uid 0 drops capabilities, becoming effective 0 regains them (capabilities(7)).</summary>
    private static SysResult Apply(Task task, Credentials changed)
    {
        const uint noSetuidFixup = 4, keepCapabilities = 16;
        var old = task.Credentials;
        var root = old.RootUid;
        if ((changed.SecureBits & noSetuidFixup) == 0)
        {
            var hadRoot = old.Uid == root || old.EffectiveUid == root || old.SavedUid == root;
            var hasRoot = changed.Uid == root || changed.EffectiveUid == root || changed.SavedUid == root;
            if (hadRoot && !hasRoot)
            {
                changed = (changed.SecureBits & keepCapabilities) != 0
                    ? changed with { Effective = 0, Ambient = 0 }
                    : changed with { Permitted = 0, Effective = 0, Ambient = 0 };
            }

            if (old.EffectiveUid == root && changed.EffectiveUid != root)
            {
                changed = changed with { Effective = 0 };
            }
            else if (old.EffectiveUid != root && changed.EffectiveUid == root)
            {
                changed = changed with { Effective = changed.Permitted };
            }
        }

        if (old.EffectiveUid != changed.EffectiveUid || old.EffectiveGid != changed.EffectiveGid)
        {
            task.Process.Dumpable = 0;
        }

        task.Credentials = changed;
        return 0;
    }

    private static SysResult Write3(Task task, UserPtr a, uint first, UserPtr b, uint second, UserPtr c, uint third)
        => task.Memory.Write(a.Address, first) != Errno.OK || task.Memory.Write(b.Address, second) != Errno.OK || task.Memory.Write(c.Address, third) != Errno.OK
            ? Errno.EFAULT
            : 0;
}
