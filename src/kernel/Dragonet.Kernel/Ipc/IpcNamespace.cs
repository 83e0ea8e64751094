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

    /// <summary>Those of a jail: its own, or of one kind those of the jail it is in.</summary>
    internal static IpcNamespace Of(Kernel kernel, Jail jail)
    {
        var above = jail.Parent?.Ipc;
        return new IpcNamespace(kernel)
        {
            Segments = Inherited(JailParameters.SharedMemory)?.Segments ?? new(),
            Semaphores = Inherited(JailParameters.Semaphores)?.Semaphores ?? new(),
            Queues = Inherited(JailParameters.MessageQueues)?.Queues ?? new(),
            HasSegments = jail.GetText(JailParameters.SharedMemory) != "disable",
            HasSemaphores = jail.GetText(JailParameters.Semaphores) != "disable",
            HasQueues = jail.GetText(JailParameters.MessageQueues) != "disable",
            _above = above,
        };

        IpcNamespace? Inherited(JailParameter kind) => jail.GetText(kind) == "inherit" ? above : null;
    }

    private IpcNamespace? _above;

    /// <summary>False when there is no shared memory here (ENOSYS).</summary>
    public bool HasSegments { get; private init; } = true;

    /// <summary>False when there are no semaphores here (ENOSYS).</summary>
    public bool HasSemaphores { get; private init; } = true;

    /// <summary>False when there are no message queues here (ENOSYS).</summary>
    public bool HasQueues { get; private init; } = true;

    /// <summary>What may be.</summary>
    public IpcLimits Limits { get; } = new();

    /// <summary>POSIX message queues.</summary>
    public PosixQueueTable PosixQueues { get; }

    /// <summary>Shared memory segments.</summary>
    public IpcTable<SharedSegment> Segments { get; private init; } = new();

    /// <summary>Semaphore sets.</summary>
    public IpcTable<SemaphoreSet> Semaphores { get; private init; } = new();

    /// <summary>Message queues.</summary>
    public IpcTable<MessageQueue> Queues { get; private init; } = new();

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

    /// <summary>How many objects there are.</summary>
    internal int Count
    {
        get
        {
            int count;
            using (Segments.Lock.Enter())
            {
                count = Segments.CountLocked;
            }

            using (Semaphores.Lock.Enter())
            {
                count += Semaphores.CountLocked;
            }

            using (Queues.Lock.Enter())
            {
                count += Queues.CountLocked;
            }

            return count + PosixQueues.Count;
        }
    }

    /// <summary>The jail is gone: what is its own goes, too.</summary>
    internal void End()
    {
        if (Segments != _above?.Segments)
        {
            List<SharedSegment> segments;
            using (Segments.Lock.Enter())
            {
                segments = [.. Segments.AllLocked];
                segments.ForEach(static segment => segment.DoomLocked());
            }

            segments.ForEach(FreeIfUnused);
        }

        if (Semaphores != _above?.Semaphores)
        {
            using (Semaphores.Lock.Enter())
            {
                foreach (var set in Semaphores.AllLocked.ToArray())
                {
                    Semaphores.RemoveLocked(set);
                    set.RemoveLocked();
                }
            }
        }

        if (Queues != _above?.Queues)
        {
            using (Queues.Lock.Enter())
            {
                foreach (var queue in Queues.AllLocked.ToArray())
                {
                    Queues.RemoveLocked(queue);
                    _ = queue.Changed.Wake();
                }
            }
        }

        PosixQueues.End();
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
