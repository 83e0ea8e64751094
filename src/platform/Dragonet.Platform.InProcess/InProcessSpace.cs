using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Platform.InProcess;

/// <summary>An address space in managed memory. A vfork child has a space of its own with the map of its parent.</summary>
internal sealed class InProcessSpace(Scheduler scheduler, MemoryMap map) : VmSpace
{
    private readonly List<InProcessThread> _threads = []; // guarded by the map's lock, like the map

    /// <summary>A job-control signal stopped it: none of its threads runs.</summary>
    internal bool IsFrozen { get; private set; }

    /// <summary>A copy for a child (fork(2)).</summary>
    internal InProcessSpace Fork()
    {
        lock (map.Lock)
        {
            return new InProcessSpace(scheduler, map.Copy());
        }
    }

    /// <summary>The same memory for another process (CLONE_VM without CLONE_THREAD).</summary>
    internal InProcessSpace Share() => new(scheduler, map);

    internal void Add(InProcessThread thread)
    {
        lock (map.Lock)
        {
            _threads.Add(thread);
        }
    }

    internal void Remove(InProcessThread thread)
    {
        lock (map.Lock)
        {
            _ = _threads.Remove(thread);
        }
    }

    /// <summary>Changes mappings.</summary>
    internal T Change<T>(Func<MemoryMap, T> change)
    {
        lock (map.Lock)
        {
            return change(map);
        }
    }

    /// <inheritdoc/>
    public override Errno Read(ulong address, Span<byte> destination) => ReadSome(address, destination) == destination.Length ? Errno.OK : Errno.EFAULT;

    /// <inheritdoc/>
    public override Errno Write(ulong address, ReadOnlySpan<byte> source)
    {
        lock (map.Lock)
        {
            return map.Write(address, source) == source.Length ? Errno.OK : Errno.EFAULT;
        }
    }

    /// <inheritdoc/>
    public override int ReadSome(ulong address, Span<byte> destination)
    {
        lock (map.Lock)
        {
            return map.Read(address, destination);
        }
    }

    /// <inheritdoc/>
    public override Errno ReadVector(ReadOnlySpan<(ulong Address, int Length)> ranges, Span<byte> destination)
    {
        foreach (var (address, length) in ranges)
        {
            if (Read(address, destination[..length]) != Errno.OK)
            {
                return Errno.EFAULT;
            }

            destination = destination[length..];
        }

        return Errno.OK;
    }

    /// <inheritdoc/>
    public override Errno WriteVector(ReadOnlySpan<(ulong Address, int Length)> ranges, ReadOnlySpan<byte> source)
    {
        foreach (var (address, length) in ranges)
        {
            if (Write(address, source[..length]) != Errno.OK)
            {
                return Errno.EFAULT;
            }

            source = source[length..];
        }

        return Errno.OK;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<VmRegion> GetRegions()
    {
        lock (map.Lock)
        {
            return [.. map.Regions.Select(region => new VmRegion(region.Start, region.End, region.Protection, region.Shared, (ulong)region.Offset, region.Backing, ""))];
        }
    }

    /// <inheritdoc/>
    public override VmUsage GetUsage()
    {
        lock (map.Lock)
        {
            var total = map.Regions.Sum(region => (long)(region.End - region.Start));
            var data = map.Regions.Where(region => !region.Shared && (region.Protection & VmProt.Write) != 0).Sum(region => (long)(region.End - region.Start));
            return new VmUsage(total, map.Resident, 0, data);
        }
    }

    /// <summary>There is no host process that could enforce one.</summary>
    public override Errno SetLimit(int resource, ulong soft, ulong hard) => Errno.OK;

    /// <inheritdoc/>
    public override void Freeze(bool stop)
    {
        IsFrozen = stop;
        if (!stop)
        {
            scheduler.Thaw();
        }
    }

    /// <inheritdoc/>
    public override void Kill()
    {
        InProcessThread[] threads;
        lock (map.Lock)
        {
            threads = [.. _threads];
            _threads.Clear();
        }

        IsFrozen = false;
        scheduler.Thaw();
        foreach (var thread in threads)
        {
            thread.End();
        }
    }

    /// <summary>Time is the test's; guest code takes none.</summary>
    public override (long User, long System) GetCpuTime() => default;
}
