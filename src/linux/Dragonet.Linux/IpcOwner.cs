using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>IPC_SET of all System V objects.</summary>
internal static class IpcOwner
{
    /// <summary>Owner and creator as the caller's user namespace calls them.</summary>
    internal static ipc64_perm Show(Task task, ipc64_perm perm)
    {
        var who = task.Credentials;
        return perm with { uid = who.ShownUid(perm.uid), gid = who.ShownGid(perm.gid), cuid = who.ShownUid(perm.cuid), cgid = who.ShownGid(perm.cgid) };
    }

    /// <summary>Changes owner and permissions. The object's lock is held.</summary>
    internal static Errno Change(Task task, IpcObject target, in ipc64_perm wanted, long now)
    {
        if (!target.IsOwner(task.Credentials))
        {
            return Errno.EPERM;
        }

        var (uid, gid) = (task.Credentials.KernelUid(wanted.uid), task.Credentials.KernelGid(wanted.gid));
        if (uid == uint.MaxValue || gid == uint.MaxValue)
        {
            return Errno.EINVAL;
        }

        target.SetOwner(uid, gid, wanted.mode, now);
        return Errno.OK;
    }
}
