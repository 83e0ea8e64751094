using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>getrlimit(2), setrlimit(2), prlimit(2).</summary>
internal static class Limits
{
    [Syscall(Nr.getrlimit)]
    public static SysResult getrlimit(Task task, int resource, UserPtr limit) => prlimit64(task, 0, resource, default, limit);

    [Syscall(Nr.setrlimit)]
    public static SysResult setrlimit(Task task, int resource, UserPtr limit) => limit.IsNull ? Errno.EFAULT : prlimit64(task, 0, resource, limit, default);

    [Syscall(Nr.prlimit64)]
    public static SysResult prlimit64(Task task, int pid, int resource, UserPtr change, UserPtr old)
    {
        if (resource is < 0 or >= Rlimits.Count)
        {
            return Errno.EINVAL;
        }

        var target = pid == 0 ? task.Process : task.Kernel.Pids.FindProcess(pid);
        if (target is null)
        {
            return Errno.ESRCH;
        }

        var mine = task.Credentials;
        var theirs = target.Leader.Credentials;
        if (target != task.Process && !mine.Has(Capability.CAP_SYS_RESOURCE)
            && !(mine.Uid == theirs.Uid && mine.Uid == theirs.EffectiveUid && mine.Uid == theirs.SavedUid && mine.Gid == theirs.Gid && mine.Gid == theirs.EffectiveGid && mine.Gid == theirs.SavedGid))
        {
            return Errno.EPERM;
        }

        var before = target.Limits[resource];
        Span<ulong> pair = stackalloc ulong[2];
        if (!change.IsNull)
        {
            if (task.Memory.ReadArray(change.Address, pair) != Errno.OK)
            {
                return Errno.EFAULT;
            }

            if (pair[0] > pair[1])
            {
                return Errno.EINVAL;
            }

            if (pair[1] > before.Hard && !mine.Has(Capability.CAP_SYS_RESOURCE))
            {
                return Errno.EPERM;
            }

            if (resource == Rlimits.Files && pair[1] > 1 << 20)
            {
                return Errno.EPERM; // fs.nr_open
            }

            target.Limits[resource] = (pair[0], pair[1]);
            target.ApplyLimits();
        }

        if (old.IsNull)
        {
            return 0;
        }

        pair[0] = before.Soft;
        pair[1] = before.Hard;
        return task.Memory.WriteArray<ulong>(old.Address, pair);
    }
}
