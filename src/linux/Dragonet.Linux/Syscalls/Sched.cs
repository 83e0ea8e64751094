using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Scheduling attributes. Guests run as ordinary host threads: policies and nice values are kept and reported, not enforced.</summary>
internal static class Sched
{
    [Syscall(Nr.sched_yield)]
    public static SysResult sched_yield(Task task) => SysResult.Native;

    [Syscall(Nr.sched_getaffinity)]
    public static SysResult sched_getaffinity(Task task, int pid, uint size, UserPtr mask)
    {
        if (Find(task, pid) is not { } target)
        {
            return Errno.ESRCH;
        }

        var processors = task.Kernel.Processors;
        var needed = (processors + 63) / 64 * 8;
        if (size < needed || (size & 7) != 0)
        {
            return Errno.EINVAL;
        }

        Span<byte> bytes = stackalloc byte[needed];
        bytes.Clear();
        for (var i = 0; i < processors; i++)
        {
            // The mask that was set covers the first 64; the others are always allowed.
            bytes[i / 8] |= i >= 64 || (target.Affinity >> i & 1) != 0 ? (byte)(1 << (i % 8)) : (byte)0;
        }

        return task.Memory.Write(mask.Address, bytes) == Errno.OK ? needed : Errno.EFAULT;
    }

    [Syscall(Nr.sched_setaffinity, Support.Partial, "kept and reported, not enforced")]
    public static SysResult sched_setaffinity(Task task, int pid, uint size, UserPtr mask)
    {
        if (Find(task, pid) is not { } target)
        {
            return Errno.ESRCH;
        }

        Span<byte> bytes = stackalloc byte[(int)Math.Min(size, 128)];
        if (task.Memory.ReadArray(mask.Address, bytes) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        ulong wanted = 0;
        var any = false;
        for (var i = 0; i < Math.Min(task.Kernel.Processors, bytes.Length * 8); i++)
        {
            var set = (bytes[i / 8] >> (i % 8) & 1) != 0;
            any |= set;
            wanted |= set && i < 64 ? 1UL << i : 0;
        }

        if (!any)
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

    [Syscall(Nr.setpriority, Support.Partial, "kept and reported, not enforced")]
    public static SysResult setpriority(Task task, int which, int who, int nice)
    {
        nice = Math.Clamp(nice, -20, 19);
        var result = Errno.OK;
        var error = Each(task, which, who, process =>
        {
            var mine = task.Credentials;
            if (mine.EffectiveUid != process.Leader.Credentials.Uid && mine.EffectiveUid != process.Leader.Credentials.EffectiveUid && !mine.Has(Capability.CAP_SYS_NICE))
            {
                result = Errno.EPERM;
            }
            else if (nice < process.Nice && (ulong)(20 - nice) > process.Limits[Rlimits.Nice].Soft && !mine.Has(Capability.CAP_SYS_NICE))
            {
                result = Errno.EACCES;
            }
            else
            {
                process.Nice = nice;
            }
        });
        return error != Errno.OK ? error : result;
    }

    [Syscall(Nr.sched_getscheduler)]
    public static SysResult sched_getscheduler(Task task, int pid) => pid < 0 ? Errno.EINVAL : Find(task, pid) is { } target ? target.Policy : Errno.ESRCH;

    [Syscall(Nr.sched_setscheduler, Support.Partial, "SCHED_OTHER, BATCH and IDLE; the real-time policies need CAP_SYS_NICE and are not enforced")]
    public static SysResult sched_setscheduler(Task task, int pid, int policy, UserPtr parameter)
    {
        if (pid < 0 || Find(task, pid) is not { } target)
        {
            return pid < 0 ? Errno.EINVAL : Errno.ESRCH;
        }

        if (task.Memory.Read(parameter.Address, out int priority) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        policy &= ~0x4000_0000; // SCHED_RESET_ON_FORK
        var realTime = policy is 1 or 2;
        if (policy is not (0 or 1 or 2 or 3 or 5) || (realTime ? priority is < 1 or > 99 : priority != 0))
        {
            return Errno.EINVAL;
        }

        if (realTime && !task.Credentials.Has(Capability.CAP_SYS_NICE) && (ulong)priority > task.Process.Limits[Rlimits.RtPriority].Soft)
        {
            return Errno.EPERM;
        }

        target.Policy = policy;
        target.RtPriority = priority;
        return 0;
    }

    [Syscall(Nr.sched_getparam)]
    public static SysResult sched_getparam(Task task, int pid, UserPtr parameter)
        => pid < 0 ? Errno.EINVAL : Find(task, pid) is { } target ? task.Memory.Write(parameter.Address, target.RtPriority) : Errno.ESRCH;

    [Syscall(Nr.sched_setparam)]
    public static SysResult sched_setparam(Task task, int pid, UserPtr parameter)
        => pid < 0 ? Errno.EINVAL : Find(task, pid) is { } target ? sched_setscheduler(task, pid, target.Policy, parameter) : Errno.ESRCH;

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

    private static Task? Find(Task task, int pid) => pid == 0 ? task : task.Kernel.Pids.FindTask(pid);

    private static Errno Each(Task task, int which, int who, Action<Process> action)
    {
        if (which is < 0 or > 2)
        {
            return Errno.EINVAL;
        }

        var any = false;
        foreach (var process in task.Kernel.Pids.Processes)
        {
            var matches = which switch
            {
                0 => who == 0 ? process == task.Process : process.Pid == who,
                1 => process.Group.Id == (who == 0 ? task.Process.Group.Id : who),
                _ => process != task.Kernel.Init && process.Leader.Credentials.Uid == (who == 0 ? task.Credentials.Uid : (uint)who),
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
