using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>mlock(2) and its kin: what is locked is counted against RLIMIT_MEMLOCK and reported; the host may swap it all the same.</summary>
internal static class MemoryLocks
{
    private const string Note = "counted and limited; guest memory is never locked on the host";
    private const ulong Page = 4096;
    private const int Current = 1, Future = 2, OnFault = 4;

    [Syscall(Nr.mlock, Support.Partial, Note)]
    public static SysResult mlock(Task task, ulong address, ulong length) => Lock(task, address, length);

    [Syscall(Nr.mlock2, Support.Partial, Note)]
    public static SysResult mlock2(Task task, ulong address, ulong length, int flags) => (flags & ~1) != 0 ? Errno.EINVAL : Lock(task, address, length);

    [Syscall(Nr.munlock)]
    public static SysResult munlock(Task task, ulong address, ulong length)
    {
        var error = Round(address, length, out var start, out var end);
        if (error == Errno.OK && start != end)
        {
            task.Process.LockedMemory.Remove(start, end);
            error = IsMapped(task, start, end) ? Errno.OK : Errno.ENOMEM;
        }

        return error;
    }

    [Syscall(Nr.mlockall, Support.Partial, Note + "; MCL_FUTURE does nothing")]
    public static SysResult mlockall(Task task, int flags)
    {
        if (flags is 0 or OnFault || (flags & ~(Current | Future | OnFault)) != 0)
        {
            return Errno.EINVAL;
        }

        var limit = Limit(task);
        if (limit == 0)
        {
            return Errno.EPERM;
        }

        if ((flags & Current) != 0)
        {
            if ((ulong)task.Space.GetUsage().Virtual > limit)
            {
                return Errno.ENOMEM;
            }

            if (!task.Jail.MayHave(Resource.MemoryLocked, task.Space.GetUsage().Virtual, task))
            {
                return task.Fail(Errno.ENOMEM, "the jail's limit");
            }

            foreach (var region in task.Space.GetRegions())
            {
                task.Process.LockedMemory.Add(region.Start, region.End);
            }
        }

        return 0;
    }

    [Syscall(Nr.munlockall)]
    public static SysResult munlockall(Task task)
    {
        task.Process.LockedMemory.Remove(0, ulong.MaxValue);
        return 0;
    }

    /// <summary>The order of Linux's do_mlock: the right to lock at all, the limit, then what is there.</summary>
    private static SysResult Lock(Task task, ulong address, ulong length)
    {
        var limit = Limit(task);
        if (limit == 0)
        {
            return Errno.EPERM;
        }

        var error = Round(address, length, out var start, out var end);
        var locked = task.Process.LockedMemory;
        if (unchecked(end - start) > limit || (error == Errno.OK && limit != ulong.MaxValue && locked.CountWith(start, end, task.Space.GetRegions()) > limit))
        {
            return task.Fail(Errno.ENOMEM, "RLIMIT_MEMLOCK");
        }

        if (error != Errno.OK || start == end)
        {
            return error;
        }

        if (!task.Jail.MayHave(Resource.MemoryLocked, (long)(end - start), task))
        {
            return task.Fail(Errno.ENOMEM, "the jail's limit");
        }

        if (!IsMapped(task, start, end))
        {
            return Errno.ENOMEM;
        }

        locked.Add(start, end);
        return 0;
    }

    private static ulong Limit(Task task) => task.Credentials.Has(Capability.CAP_IPC_LOCK) ? ulong.MaxValue : task.Process.Limits[Rlimits.MemLock].Soft;

    private static Errno Round(ulong address, ulong length, out ulong start, out ulong end)
    {
        start = address & ~(Page - 1);
        end = unchecked(start + ((length + (address - start) + Page - 1) & ~(Page - 1)));
        return end < start ? Errno.EINVAL : Errno.OK;
    }

    private static bool IsMapped(Task task, ulong start, ulong end)
    {
        foreach (var region in task.Space.GetRegions())
        {
            if (region.Start <= start && start < region.End)
            {
                start = region.End;
            }
        }

        return start >= end;
    }
}
