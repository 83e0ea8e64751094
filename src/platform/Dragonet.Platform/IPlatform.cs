using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Platform;

/// <summary>
/// All that a kernel needs from outside: address spaces and threads to run guests in, memory to map into them, time, entropy.
/// One object per kernel; disposing it ends every guest thread.
/// </summary>
public interface IPlatform : IDisposable
{
    /// <summary>Tells the platform where traps go. Once, before the first address space.</summary>
    void Start(ITrapHandler handler);

    /// <summary>A fresh, empty address space with one thread, stopped in a full trap.</summary>
    Result<VmThread> CreateSpace();

    /// <summary>Memory that guests can share.</summary>
    Result<IMemoryBacking> CreateMemory(string name);

    /// <summary>Bytes in use by all that <see cref="CreateMemory"/> made and that is still there.</summary>
    long MemoryInUse => 0;

    /// <summary>True when guest code can use more memory without a system call, so that the kernel has to look from time to time.</summary>
    bool GuestsTakeMemory => true;

    /// <summary>How many threads of the whole machine run or wait for a processor now; 0 when nobody knows.</summary>
    int RunnableThreads => 0;

    /// <summary>Has work done by another thread at once, beside the calling one, when a processor is idle that can do it.</summary>
    /// <returns>False when none is: nothing was done.</returns>
    bool TryRunBeside(Action work) => false;

    /// <summary>Nanoseconds of a clock that never steps back (CLOCK_MONOTONIC).</summary>
    long MonotonicNanoseconds { get; }

    /// <summary>Nanoseconds since 1970-01-01 UTC (CLOCK_REALTIME).</summary>
    long RealtimeNanoseconds { get; }

    /// <summary>Fills with unpredictable bytes.</summary>
    void Fill(Span<byte> entropy);

    /// <summary>True when guest code finds the host's vDSO at <see cref="VdsoAddress"/>.</summary>
    ulong VdsoAddress { get; }

    /// <summary>AT_HWCAP and AT_HWCAP2 of the processor.</summary>
    (ulong HwCap, ulong HwCap2) HardwareCapabilities { get; }

    /// <summary>AT_MINSIGSTKSZ: bytes that a signal frame needs on this processor.</summary>
    ulong MinimumSignalStack { get; }

    /// <summary>True when futexes of guest memory are the host's business: the kernel sees only the priority-inheriting ones.</summary>
    bool HasNativeFutex { get; }

    /// <summary>Numbers of the processors that guest code can run on, ascending; guest code may learn the number of the one it runs on.</summary>
    IReadOnlyList<int> Processors => [.. Enumerable.Range(0, Environment.ProcessorCount)];

    /// <summary>A precise sleep for one thread of the kernel.</summary>
    /// <param name="processors">Numbers of the only processors that this thread is to run on from then on; null: it may run on all.</param>
    IHostAlarm CreateAlarm(IEnumerable<int>? processors = null);

    /// <summary>A descriptor of this host process as a stream. The descriptor is not closed with it.</summary>
    IHostStream OpenStream(int descriptor);

    /// <summary>Opens a directory of the host by its path (human text). ENOSYS where there is no host file system.</summary>
    Result<IHostDirectory> OpenDirectory(string path) => Errno.ENOSYS;

    /// <summary>Whose rights this process has on the host.</summary>
    (uint Uid, uint Gid) HostIdentity => (0, 0);
}
