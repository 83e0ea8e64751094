namespace Dragonet.Kernel;

/// <summary>One set of System V IPC objects and POSIX queues (ipc_namespaces(7)). Every process belongs to one and hands it to its children.</summary>
public sealed class IpcNamespace
{
    private readonly Kernel _kernel;

    internal IpcNamespace(Kernel kernel)
    {
        _kernel = kernel;
        PosixQueues = new PosixQueueTable(Limits);
    }

    /// <summary>What may be.</summary>
    public IpcLimits Limits { get; } = new();

    /// <summary>POSIX message queues.</summary>
    public PosixQueueTable PosixQueues { get; }

    /// <summary>Shared memory segments.</summary>
    public IpcTable<SharedSegment> Segments { get; } = new();

    /// <summary>Semaphore sets.</summary>
    public IpcTable<SemaphoreSet> Semaphores { get; } = new();

    /// <summary>Message queues.</summary>
    public IpcTable<MessageQueue> Queues { get; } = new();

    /// <summary>Seconds since the epoch, for the times of objects.</summary>
    public long Now => _kernel.Clock.RealtimeNanoseconds / 1_000_000_000;

    /// <summary>How often a segment is mapped: the host's record counts, so that munmap(2), fork and the end of a process are seen.</summary>
    public int CountAttached(SharedSegment segment)
    {
        var count = 0;
        HashSet<object> seen = [];
        foreach (var process in _kernel.Pids.Processes)
        {
            if (process == _kernel.Init || process.IsExiting || process.IsZombie || !process.Segments.Contains(segment) || !seen.Add(process.MemoryId))
            {
                continue;
            }

            foreach (var region in process.Leader.Space.GetRegions())
            {
                count += ReferenceEquals(region.Backing, segment.Backing) ? 1 : 0;
            }
        }

        return count;
    }

    /// <summary>Ends a segment that was removed and is mapped nowhere any more.</summary>
    public void FreeIfUnused(SharedSegment segment)
    {
        int attaches;
        using (Segments.Lock.Enter())
        {
            if (!segment.IsDoomed || segment.IsRemoved || segment.Attaching != 0)
            {
                return;
            }

            attaches = segment.Attaches;
        }

        if (CountAttached(segment) != 0)
        {
            return;
        }

        using (Segments.Lock.Enter())
        {
            if (segment.IsRemoved || segment.Attaching != 0 || segment.Attaches != attaches)
            {
                return;
            }

            Segments.RemoveLocked(segment);
        }

        segment.Free();
    }

    /// <summary>Looks at every removed segment: mappings may have gone without a call that told.</summary>
    public void FreeUnused()
    {
        List<SharedSegment>? doomed = null;
        using (Segments.Lock.Enter())
        {
            foreach (var segment in Segments.AllLocked)
            {
                if (segment.IsDoomed)
                {
                    (doomed ??= []).Add(segment);
                }
            }
        }

        foreach (var segment in doomed ?? [])
        {
            FreeIfUnused(segment);
        }
    }

    /// <summary>An address space is gone, and with it what it had attached.</summary>
    internal void Detach(Process process, SegmentAttachments attachments)
    {
        foreach (var segment in attachments.TakeAll())
        {
            using (Segments.Lock.Enter())
            {
                segment.Detached(process.Pid, Now);
            }

            FreeIfUnused(segment);
        }
    }
}
