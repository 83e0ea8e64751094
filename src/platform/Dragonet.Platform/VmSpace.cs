using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Platform;

/// <summary>A guest address space (DragonFly's vmspace). Thread-safe.</summary>
public abstract class VmSpace : IUserMemory
{
    /// <summary>The kernel's object for this space.</summary>
    public object? Owner { get; set; }

    /// <inheritdoc/>
    public abstract Errno Read(ulong address, Span<byte> destination);

    /// <inheritdoc/>
    public abstract Errno Write(ulong address, ReadOnlySpan<byte> source);

    /// <inheritdoc/>
    public abstract int ReadSome(ulong address, Span<byte> destination);

    /// <summary>Gathers several ranges in one operation. All or EFAULT.</summary>
    public abstract Errno ReadVector(ReadOnlySpan<(ulong Address, int Length)> ranges, Span<byte> destination);

    /// <summary>Scatters to several ranges in one operation. All or EFAULT.</summary>
    public abstract Errno WriteVector(ReadOnlySpan<(ulong Address, int Length)> ranges, ReadOnlySpan<byte> source);

    /// <summary>What is mapped, lowest address first; the platform's own pages are left out.</summary>
    public abstract IReadOnlyList<VmRegion> GetRegions();

    /// <summary>Memory in use.</summary>
    public abstract VmUsage GetUsage();

    /// <summary>Bytes of memory that is no file's, quickly: pages that are shared with other spaces count fully in each.</summary>
    public virtual long GetMemory() => GetUsage().Resident;

    /// <summary>The same exactly: shared pages count by the part that falls to this space, memory made with
    /// <see cref="IPlatform.CreateMemory"/> not at all. Slow: the host walks the page tables.</summary>
    public virtual long GetMemoryShare() => GetMemory();

    /// <summary>The most that was resident at one time, in bytes.</summary>
    public virtual long GetPeakResident() => GetUsage().Resident;

    /// <summary>The same for a space that has ended or is just ending.</summary>
    /// <param name="wait">Wait until it is known, which the host's end of a process takes; no lock may be held then.</param>
    /// <param name="bytes">The answer.</param>
    /// <returns>False when it is not known yet.</returns>
    public virtual bool TryGetFinalPeak(bool wait, out long bytes)
    {
        bytes = GetPeakResident();
        return true;
    }

    /// <summary>Bytes that the host has swapped out.</summary>
    public virtual long GetSwapped() => 0;

    /// <summary>Sets a limit the host enforces for this process (RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK …), in bytes.</summary>
    public abstract Errno SetLimit(int resource, ulong soft, ulong hard);

    /// <summary>Stops (true) or continues (false) all guest code in it, as SIGSTOP and SIGCONT do.</summary>
    public abstract void Freeze(bool stop);

    /// <summary>Keeps guest code in it from running (true), or lets it run again unless it is frozen (false).</summary>
    public virtual void Hold(bool hold)
    {
    }

    /// <summary>Ends every thread in it at once; pending traps need no answer any more.</summary>
    public abstract void Kill();

    /// <summary>Time spent in guest code and in native calls, in nanoseconds (user, system).</summary>
    public abstract (long User, long System) GetCpuTime();
}
