using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>IPC_SET of all System V objects.</summary>
internal static class IpcOwner
{
    /// <summary>Changes owner and permissions. The object's lock is held.</summary>
    internal static Errno Change(Task task, IpcObject target, in ipc64_perm wanted, long now)
    {
        if (!target.IsOwner(task.Credentials))
        {
            return Errno.EPERM;
        }

        if (wanted.uid == uint.MaxValue || wanted.gid == uint.MaxValue)
        {
            return Errno.EINVAL;
        }

        target.SetOwner(wanted.uid, wanted.gid, wanted.mode, now);
        return Errno.OK;
    }
}
