using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Platform;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>getrlimit(2), setrlimit(2), prlimit(2).</summary>
internal static class Limits
{
    [Syscall(Nr.getrlimit)]
    public static SysResult getrlimit(Task task, int resource, UserPtr limit) => prlimit64(task, 0, resource, default, limit);

    [Syscall(Nr.setrlimit)]
    public static SysResult setrlimit(Task task, int resource, UserPtr limit) => limit.IsNull ? Errno.EFAULT : prlimit64(task, 0, resource, limit, default);

    /// <summary>The whole stack is mapped from the start, so that the kernel can write to it: what the limit takes away is made
    /// inaccessible, what it gives back accessible again. What the stack pointer has reached stays.</summary>
    private static void LimitStack(Task task, ulong soft)
    {
        const ulong page = 4096, below = 64 * 1024; // the red zone, and what a signal handler needs
        var layout = task.Process.Layout;
        var context = task.Context;
        if (!task.Thread.HasContext || layout.StackHigh == 0 || task.Thread.GetContext(context) != Errno.OK)
        {
            return;
        }

        var first = soft >= layout.StackHigh - layout.StackLow ? layout.StackLow : layout.StackHigh - (soft & ~(page - 1));
        if (context.Rsp > layout.StackLow + below && context.Rsp <= layout.StackHigh)
        {
            first = Math.Min(first, (context.Rsp - below) & ~(page - 1));
        }

        var floor = layout.StackFloor;
        var usual = VmProt.Read | VmProt.Write | (layout.ExecutableStack ? VmProt.Exec : 0);
        var error = first > floor ? task.Thread.Protect(floor, first - floor, VmProt.None)
            : first < floor ? task.Thread.Protect(first, floor - first, usual)
            : Errno.OK;
        if (error == Errno.OK)
        {
            task.Process.SetStackFloor(first);
        }
    }

    [Syscall(Nr.prlimit64, Support.Partial, "RLIMIT_STACK of another process counts from its next exec")]
    public static SysResult prlimit64(Task task, int pid, int resource, UserPtr change, UserPtr old)
    {
        if (resource is < 0 or >= Rlimits.Count)
        {
            return Errno.EINVAL;
        }

        var target = pid == 0 ? task.Process : task.Jail.FindProcess(pid);
        if (target is null)
        {
            return Errno.ESRCH;
        }

        var mine = task.Credentials;
        var theirs = target.Leader.Credentials;
        if (target != task.Process && !mine.Has(Capability.CAP_SYS_RESOURCE, theirs.Namespace)
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
            if (resource == Rlimits.Cpu)
            {
                target.Timers.ArmCpuLimit();
            }
            else if (resource == Rlimits.Stack && target == task.Process)
            {
                LimitStack(task, pair[0]);
            }
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
