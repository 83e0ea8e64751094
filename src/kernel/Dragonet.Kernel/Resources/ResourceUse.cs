using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>How much somebody has of a resource, counted when asked: charging users and processes for every object would slow down everybody,
/// and would have to follow each setuid(2) and exec.</summary>
public static class ResourceUse
{
    /// <summary>Of a process.</summary>
    public static long OfProcess(Process process, Resource resource)
    {
        if (process == process.Kernel.Init || process.IsZombie)
        {
            return 0;
        }

        switch (resource)
        {
            case Resource.CpuTime:
                return CpuTime(process) / 1_000_000_000;
            case Resource.WallClock:
                return (process.Kernel.Clock.MonotonicNanoseconds - process.StartTime) / 1_000_000_000;
            case Resource.MaxProc:
                return 1;
            case Resource.Threads:
                return process.TaskCount;
            case Resource.OpenFiles:
                return process.Leader.Files.Count;
        }

        if (process.IsExiting || process.Leader.Thread?.Space is not { } space)
        {
            return 0;
        }

        return resource switch
        {
            Resource.DataSize => space.GetUsage().Data,
            Resource.VirtualMemoryUse => space.GetUsage().Virtual,
            Resource.StackSize => (long)(process.Layout.StackHigh - process.Layout.StackFloor),
            Resource.MemoryUse => space.GetMemory(),
            Resource.MemoryLocked => (long)process.LockedMemory.CountWith(0, 0, space.GetRegions()),
            Resource.SwapUse => space.GetSwapped(),
            _ => 0, // core files are never written, and the rest belongs to no process
        };
    }

    /// <summary>Of a user: in one jail with all in it, or in all.</summary>
    public static long OfUser(Kernel kernel, uint uid, Resource resource, Jail? jail = null)
    {
        var kind = ResourceKind.Of(resource);
        if (!kind.OfProcesses)
        {
            return ObjectsOf(kernel, uid, resource, jail);
        }

        long sum = 0;
        foreach (var process in kernel.Pids.Processes)
        {
            sum += process != kernel.Init && process.Leader.Credentials.Uid == uid && jail?.Contains(process.Jail) != false ? OfProcess(process, resource) : 0;
        }

        return sum;
    }

    /// <summary>Of a jail, with all in it.</summary>
    public static long OfJail(Jail jail, Resource resource)
    {
        var account = jail.Account(resource);
        if (ResourceKind.Of(resource).Counting != ResourceCounting.Measured)
        {
            if (ResourceKind.Of(resource).Counting == ResourceCounting.Rate)
            {
                account.Measured(resource == Resource.CpuPercent ? jail.Cpu.Percent : jail.Transfers.GetRate(resource));
            }

            return account.Held;
        }

        var past = resource switch
        {
            Resource.CpuTime => jail.PastCpuTime / 1_000_000_000,
            Resource.WallClock => jail.PastWallClock / 1_000_000_000,
            Resource.MemoryUse => jail.Files.Used,
            _ => 0,
        };
        var isMemory = resource is not (Resource.CpuTime or Resource.WallClock);
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        foreach (var process in jail.Kernel.Pids.Processes)
        {
            // Memory that processes share (vfork) is there once.
            if (jail.Contains(process.Jail) && (!isMemory || seen.Add(process.MemoryId)))
            {
                past += OfProcess(process, resource);
            }
        }

        account.Measured(past);
        return past;
    }

    /// <summary>Processor time of a process, in nanoseconds.</summary>
    internal static long CpuTime(Process process)
    {
        var (user, system) = process.CpuTime;
        return user + system;
    }

    private static long ObjectsOf(Kernel kernel, uint uid, Resource resource, Jail? jail)
    {
        if (resource == Resource.PseudoTerminals)
        {
            return kernel.Ptys.List().Count(entry => entry.Uid == uid && jail?.Contains(entry.Jail) != false);
        }

        long sum = 0;
        var jails = kernel.Jails.List().Append(kernel.Jails.Root).Where(each => jail?.Contains(each) != false);
        foreach (var ipc in jails.Select(static each => each.Ipc).DistinctBy(ipc => resource switch
        {
            Resource.SharedSegments or Resource.SharedMemorySize => ipc.Segments,
            Resource.Semaphores => (object)ipc.Semaphores,
            _ => ipc.Queues,
        }))
        {
            sum += resource switch
            {
                Resource.SharedSegments => Sum(ipc.Segments, uid, static _ => 1),
                Resource.SharedMemorySize => Sum(ipc.Segments, uid, static segment => (long)segment.Size),
                Resource.Semaphores => Sum(ipc.Semaphores, uid, static set => set.Count),
                Resource.MessageQueues => Sum(ipc.Queues, uid, static _ => 1),
                Resource.MessagesQueued => Sum(ipc.Queues, uid, static queue => queue.Count),
                Resource.MessageBytes => Sum(ipc.Queues, uid, static queue => (long)queue.Bytes),
                _ => 0,
            };
        }

        return sum;
    }

    private static long Sum<T>(IpcTable<T> table, uint uid, Func<T, long> size)
        where T : IpcObject
    {
        using (table.Lock.Enter())
        {
            return table.AllLocked.Where(item => item.CreatorUid == uid).Sum(size);
        }
    }
}
