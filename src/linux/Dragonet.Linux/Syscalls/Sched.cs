using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Scheduling attributes. Guests run as ordinary host threads: affinity and nice values are the host's business too, policies are kept
/// and reported.</summary>
internal static class Sched
{
    private const int ResetOnFork = 0x4000_0000;

    [Syscall(Nr.sched_yield)]
    public static SysResult sched_yield(Task task) => SysResult.Native;

    [Syscall(Nr.sched_getaffinity)]
    public static SysResult sched_getaffinity(Task task, int pid, uint size, UserPtr mask)
    {
        var highest = task.Kernel.Processors.Numbers[^1];
        var needed = (highest / 64 * 8) + 8;
        if (size < needed || (size & 7) != 0)
        {
            return Errno.EINVAL;
        }

        if (Find(task, pid) is not { } target)
        {
            return Errno.ESRCH;
        }

        Span<byte> bytes = stackalloc byte[needed];
        bytes.Clear();
        target.Affinity.Mask.CopyTo(bytes);
        return task.Memory.Write(mask.Address, bytes) == Errno.OK ? needed : Errno.EFAULT;
    }

    [Syscall(Nr.sched_setaffinity, Support.Partial, "processors beyond the host's (--cpus) do not bind the task")]
    public static SysResult sched_setaffinity(Task task, int pid, uint size, UserPtr mask)
    {
        Span<byte> bytes = stackalloc byte[(int)Math.Min(size, ProcessorSet.MaxNumber / 8)];
        if (task.Memory.ReadArray(mask.Address, bytes) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        if (Find(task, pid) is not { } target)
        {
            return Errno.ESRCH;
        }

        if (!IsOwner(task, target) && !task.Credentials.Has(Capability.CAP_SYS_NICE, target.Credentials.Namespace))
        {
            return Errno.EPERM;
        }

        var wanted = new ProcessorSet(bytes).And(target.Jail.ProcessorSet);
        if (wanted.Count == 0)
        {
            return task.Fail(Errno.EINVAL, "no processor of the mask exists");
        }

        target.Affinity = wanted;
        return 0;
    }

    [Syscall(Nr.getpriority)]
    public static SysResult getpriority(Task task, int which, int who)
    {
        var best = int.MinValue;
        var error = Each(task, which, who, process => best = Math.Max(best, 20 - process.Nice));
        return error != Errno.OK ? error : best;
    }

    [Syscall(Nr.setpriority, Support.Partial, "real on the host as far as it allows: values below the kernel process's own never, raising a lowered priority again only with the host's permission")]
    public static SysResult setpriority(Task task, int which, int who, int nice)
    {
        nice = Math.Clamp(nice, -20, 19);
        var result = Errno.OK;
        var error = Each(task, which, who, process =>
        {
            var mine = task.Credentials;
            if (mine.EffectiveUid != process.Leader.Credentials.Uid && mine.EffectiveUid != process.Leader.Credentials.EffectiveUid
                && !mine.Has(Capability.CAP_SYS_NICE, process.Leader.Credentials.Namespace))
            {
                result = Errno.EPERM;
            }
            else if (nice < process.Nice && (ulong)(20 - nice) > process.Limits[Rlimits.Nice].Soft && !mine.Has(Capability.CAP_SYS_NICE))
            {
                result = Errno.EACCES;
            }
            else
            {
                process.SetNice(nice);
            }
        });
        return error != Errno.OK ? error : result;
    }

    [Syscall(Nr.sched_getscheduler)]
    public static SysResult sched_getscheduler(Task task, int pid)
        => pid < 0 ? Errno.EINVAL : Find(task, pid) is { } target ? target.Policy | (target.ResetOnFork ? ResetOnFork : 0) : Errno.ESRCH;

    [Syscall(Nr.sched_setscheduler, Support.Partial, "kept and reported, not enforced; no SCHED_DEADLINE")]
    public static SysResult sched_setscheduler(Task task, int pid, int policy, UserPtr parameter)
        => policy < 0 ? Errno.EINVAL : SetParameter(task, pid, policy & ~ResetOnFork, (policy & ResetOnFork) != 0, parameter);

    [Syscall(Nr.sched_getparam)]
    public static SysResult sched_getparam(Task task, int pid, UserPtr parameter)
        => parameter.IsNull || pid < 0 ? Errno.EINVAL : Find(task, pid) is { } target ? task.Memory.Write(parameter.Address, target.RtPriority) : Errno.ESRCH;

    [Syscall(Nr.sched_setparam)]
    public static SysResult sched_setparam(Task task, int pid, UserPtr parameter) => SetParameter(task, pid, SchedPolicies.Keep, false, parameter);

    private static SysResult SetParameter(Task task, int pid, int policy, bool reset, UserPtr parameter)
    {
        if (parameter.IsNull || pid < 0)
        {
            return Errno.EINVAL;
        }

        if (task.Memory.Read(parameter.Address, out int priority) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        return Find(task, pid) is not { } target ? Errno.ESRCH
            : SchedPolicies.Change(task, target, policy, priority, target.Process.Nice, policy == SchedPolicies.Keep ? target.ResetOnFork : reset);
    }

    [Syscall(Nr.sched_get_priority_max)]
    public static SysResult sched_get_priority_max(Task task, int policy) => policy is 1 or 2 ? 99 : policy is 0 or 3 or 5 or 6 ? 0 : Errno.EINVAL;

    [Syscall(Nr.sched_get_priority_min)]
    public static SysResult sched_get_priority_min(Task task, int policy) => policy is 1 or 2 ? 1 : policy is 0 or 3 or 5 or 6 ? 0 : Errno.EINVAL;

    [Syscall(Nr.sched_rr_get_interval)]
    public static SysResult sched_rr_get_interval(Task task, int pid, UserPtr interval)
    {
        if (pid < 0)
        {
            return Errno.EINVAL;
        }

        if (Find(task, pid) is not { } target)
        {
            return Errno.ESRCH;
        }

        ReadOnlySpan<long> time = [0, target.Policy == 2 ? 100_000_000 : 4_000_000];
        return task.Memory.WriteArray(interval.Address, time);
    }

    [Syscall(Nr.ioprio_get)]
    public static SysResult ioprio_get(Task task, int which, int who) => which is < 1 or > 3 ? Errno.EINVAL : 0;

    [Syscall(Nr.ioprio_set, Support.Partial, "accepted, not enforced")]
    public static SysResult ioprio_set(Task task, int which, int who, int priority) => which is < 1 or > 3 ? Errno.EINVAL : 0;

    internal static Task? Find(Task task, int pid) => pid == 0 ? task : task.Jail.FindTask(pid);

    /// <summary>The caller's effective user is the target's real or effective one (sched_setscheduler(2), "Privileges and resource limits").</summary>
    internal static bool IsOwner(Task task, Task target)
        => task.Credentials.EffectiveUid == target.Credentials.Uid || task.Credentials.EffectiveUid == target.Credentials.EffectiveUid;

    private static Errno Each(Task task, int which, int who, Action<Process> action)
    {
        if (which is < 0 or > 2)
        {
            return Errno.EINVAL;
        }

        var any = false;
        foreach (var process in task.Jail.VisibleProcesses)
        {
            var matches = which switch
            {
                0 => who == 0 ? process == task.Process : process.Pid == who,
                1 => process.Group.Id == (who == 0 ? task.Process.Group.Id : who),
                _ => process != task.Kernel.Init && process.Leader.Credentials.Uid == (who == 0 ? task.Credentials.Uid : task.Credentials.KernelUid((uint)who)),
            };
            if (matches)
            {
                any = true;
                action(process);
            }
        }

        return any ? Errno.OK : Errno.ESRCH;
    }
}
