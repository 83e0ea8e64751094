using System.Runtime.CompilerServices;
using Dragonet.Platform;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>Memory of the whole kernel: names of mappings, use, futex waits that must be looked at again.</summary>
public sealed partial class Kernel
{
    private readonly ConditionalWeakTable<IMemoryBacking, VfsPath> _mappingNames = [];

    /// <summary>Remembers which file a mapping shows, for /proc/PID/maps.</summary>
    public void NameMapping(IMemoryBacking backing, OpenFile file)
    {
        if (file.Path is { } path)
        {
            _mappingNames.AddOrUpdate(backing, path);
        }
    }

    /// <summary>The file behind a mapping, when it has a name.</summary>
    public VfsPath? FindMappingName(IMemoryBacking backing) => _mappingNames.TryGetValue(backing, out var path) ? path : null;

    /// <summary>True when some process has the file mapped shared and writable (F_SEAL_WRITE, fcntl(2)): the host's record tells.</summary>
    public bool IsMappedWritable(Inode inode)
    {
        foreach (var process in Pids.Processes)
        {
            if (process == Init || process.IsZombie || process.IsExiting || process.Leader.Thread is not { } thread)
            {
                continue;
            }

            foreach (var region in thread.Space.GetRegions())
            {
                if (region is { Shared: true, Backing: { } backing } && (region.Protection & VmProt.Write) != 0
                    && ReferenceEquals(FindMappingName(backing)?.Dentry.Inode, inode))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Resident bytes of all guest processes, shared pages counted in each.</summary>
    public long MemoryUsed => GetMemoryUsed(Jails.Root);

    /// <summary>Resident bytes of the processes of a jail and of all in it, shared pages counted in each.</summary>
    internal long GetMemoryUsed(Jail jail)
    {
        long used = 0;
        foreach (var process in Jails.ProcessesIn(jail))
        {
            if (process != Init && !process.IsZombie && !process.IsExiting && process.Leader.Thread is { } thread)
            {
                var usage = thread.Space.GetUsage();
                used += usage.Resident - usage.Shared;
            }
        }

        return used;
    }

    /// <summary>Makes every thread that may sleep in the host's futex look at its word again.</summary>
    public void RecheckFutexes()
    {
        foreach (var process in Pids.Processes)
        {
            foreach (var task in process.GetTasks())
            {
                task.RecheckFutex();
            }
        }
    }
}
