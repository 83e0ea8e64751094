using System.Globalization;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;
using Dragonet.Platform.Linux.Stub;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>A guest address space: one host process. A vfork child has one of its own over the same memory.</summary>
internal sealed unsafe partial class GuestSpace(LinuxPlatform platform, int pid, HostFd pidFd, Listener listener) : VmSpace
{
    private readonly List<GuestThread> _threads = []; // guarded by itself
    private int _memoryTid = pid;
    private readonly Lock _stop = new();
    private int _commands; // guarded by _stop: commands that the stub runs
    private bool _frozen;  // guarded by _stop: the guest's processes see it stopped
    private bool _held;    // guarded by _stop: it may not use processors now
    private int _killed;
    private readonly object _end = new();
    private long _finalPeak = -1; // guarded by _end

    /// <summary>The host's number of the process.</summary>
    internal int Pid { get; } = pid;

    /// <summary>Refers to the process even after it died.</summary>
    internal HostFd PidFd { get; } = pidFd;

    /// <summary>Where its notifications come from.</summary>
    internal Listener Listener { get; } = listener;

    /// <summary>Slots of the threads that share the memory.</summary>
    internal SlotMap Slots { get; init; } = new();

    /// <summary>True once the kernel ended it.</summary>
    internal bool IsKilled => Volatile.Read(ref _killed) != 0;

    /// <summary>The platform it belongs to.</summary>
    internal LinuxPlatform Platform => platform;

    /// <summary>A living thread: through it the memory can be reached, also when the first thread has exited.</summary>
    internal int MemoryTid => Volatile.Read(ref _memoryTid);

    /// <summary>A thread was made.</summary>
    internal void Add(GuestThread thread)
    {
        lock (_threads)
        {
            _threads.Add(thread);
        }
    }

    /// <summary>A thread has exited.</summary>
    internal void Remove(GuestThread thread)
    {
        lock (_threads)
        {
            _ = _threads.Remove(thread);
            if (thread.HostTid == _memoryTid && _threads.Find(static other => other.HostTid > 0) is { } other)
            {
                Volatile.Write(ref _memoryTid, other.HostTid);
            }
        }
    }

    /// <summary>
    /// True when the host has fewer threads here than the kernel knows of: the one that was to be made is not there. Those that are about to
    /// end are waited for. A guest that pretended, to have threads which nobody counts, is ended.
    /// </summary>
    internal bool IsUnmade()
    {
        const long patience = 5000; // milliseconds: on a busy host an end takes its time
        var start = Environment.TickCount64;
        while (!PidFd.IsClosed)
        {
            var known = GetThreads();
            var there = HostThreads.Of(Pid);
            if (there.Length < known.Length)
            {
                return true;
            }

            var left = patience - (Environment.TickCount64 - start);
            if (left <= 0)
            {
                break;
            }

            HostThreads.WaitForOne(there.Except(known.Select(static thread => thread.HostTid)), (int)left);
        }

        End();
        return false;
    }

    /// <summary>A copy of the list of its threads.</summary>
    internal GuestThread[] GetThreads()
    {
        lock (_threads)
        {
            return [.. _threads];
        }
    }

    /// <inheritdoc/>
    public override Errno Read(ulong address, Span<byte> destination) => ReadSome(address, destination) == destination.Length ? Errno.OK : Errno.EFAULT;

    /// <inheritdoc/>
    public override int ReadSome(ulong address, Span<byte> destination)
    {
        if (destination.IsEmpty)
        {
            return 0;
        }

        fixed (byte* pointer = destination)
        {
            var local = new IoVec((ulong)pointer, (ulong)destination.Length);
            var remote = new IoVec(address, (ulong)destination.Length);
            // SAFETY: the local range is pinned; the remote range is the guest's and checked by the host.
            var count = Host.Call(Nr.process_vm_readv, MemoryTid, (long)&local, 1, (long)&remote, 1, 0);
            return count < 0 ? 0 : (int)count;
        }
    }

    /// <inheritdoc/>
    public override Errno Write(ulong address, ReadOnlySpan<byte> source)
    {
        if (source.IsEmpty)
        {
            return Errno.OK;
        }

        fixed (byte* pointer = source)
        {
            var local = new IoVec((ulong)pointer, (ulong)source.Length);
            var remote = new IoVec(address, (ulong)source.Length);
            // SAFETY: as above.
            var count = Host.Call(Nr.process_vm_writev, MemoryTid, (long)&local, 1, (long)&remote, 1, 0);
            return count == source.Length ? Errno.OK : Errno.EFAULT;
        }
    }

    /// <inheritdoc/>
    public override Errno ReadVector(ReadOnlySpan<(ulong Address, int Length)> ranges, Span<byte> destination)
        => Vector(Nr.process_vm_readv, ranges, destination);

    /// <inheritdoc/>
    public override Errno WriteVector(ReadOnlySpan<(ulong Address, int Length)> ranges, ReadOnlySpan<byte> source)
        // SAFETY: the host only reads the local range of process_vm_writev.
        => Vector(Nr.process_vm_writev, ranges, System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref System.Runtime.InteropServices.MemoryMarshal.GetReference(source), source.Length));

    private Errno Vector(Nr call, ReadOnlySpan<(ulong Address, int Length)> ranges, Span<byte> buffer)
    {
        const int most = 1024; // UIO_MAXIOV
        Span<IoVec> remote = stackalloc IoVec[Math.Min(ranges.Length, 64)];
        if (ranges.Length > 64)
        {
            remote = new IoVec[Math.Min(ranges.Length, most)];
        }

        ulong total = 0;
        var count = Math.Min(ranges.Length, remote.Length);
        for (var i = 0; i < count; i++)
        {
            remote[i] = new IoVec(ranges[i].Address, (ulong)ranges[i].Length);
            total += (ulong)ranges[i].Length;
        }

        if (total == 0)
        {
            return Errno.OK;
        }

        fixed (byte* pointer = buffer)
        fixed (IoVec* vector = remote)
        {
            var local = new IoVec((ulong)pointer, total);
            // SAFETY: the local range is pinned and at least as long as the ranges together (the caller's contract, checked here).
            if (total > (ulong)buffer.Length)
            {
                return Errno.EFAULT;
            }

            var done = Host.Call(call, MemoryTid, (long)&local, 1, (long)vector, count, 0);
            return done == (long)total ? Errno.OK : Errno.EFAULT;
        }
    }

    /// <inheritdoc/>
    public override VmUsage GetUsage()
    {
        // /proc/PID/statm: size resident shared text lib data dt, in pages.
        var text = ProcFile.Read(MemoryTid, "statm");
        var fields = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length < 6
            ? default
            : new VmUsage(Pages(fields[0]), Pages(fields[1]), Pages(fields[2]), Pages(fields[5]));

        static long Pages(string field) => long.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out var pages) ? pages * 4096 : 0;
    }

    /// <inheritdoc/>
    public override long GetPeakResident() => ReadStatus(MemoryTid, "VmHWM:") * 1024; // in kB

    /// <summary>A number of proc_pid_status(5): a label, blanks, digits.</summary>
    private static long ReadStatus(int process, string label)
    {
        var text = ProcFile.Read(process, "status");
        var start = text.IndexOf(label, StringComparison.Ordinal);
        if (start < 0)
        {
            return 0;
        }

        var rest = text.AsSpan(start + label.Length).TrimStart();
        return long.TryParse(rest[..Math.Max(rest.IndexOfAnyExceptInRange('0', '9'), 0)], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }

    /// <summary>The host's process is gone.</summary>
    /// <param name="peak">The most that was resident, as its rusage said.</param>
    internal void SetFinalPeak(long peak)
    {
        lock (_end)
        {
            _finalPeak = peak;
            Monitor.PulseAll(_end);
        }
    }

    /// <inheritdoc/>
    /// <remarks>To ask the living process at each end would cost as much as ten other calls.</remarks>
    public override bool TryGetFinalPeak(bool wait, out long bytes)
    {
        lock (_end)
        {
            while (_finalPeak < 0 && wait)
            {
                _ = Monitor.Wait(_end);
            }

            bytes = Math.Max(_finalPeak, 0);
            return _finalPeak >= 0;
        }
    }

    /// <inheritdoc/>
    public override (long User, long System) GetCpuTime()
    {
        // clock_getcpuclockid(3): the CPU-time clocks of another process are numbered by its pid.
        Span<long> time = stackalloc long[2];
        fixed (long* pointer = time)
        {
            // SAFETY: a timespec is two longs. CPUCLOCK_SCHED and CPUCLOCK_VIRT of the process.
            var total = Clock(2, pointer);
            var user = Clock(1, pointer);
            return total < user ? (total, 0) : (user, total - user);
        }
    }

    private long Clock(long kind, long* time)
        => Host.CallQuick(Nr.clock_gettime, (~(long)Pid << 3) | kind, (long)time) == 0 ? (time[0] * 1_000_000_000) + time[1] : 0;

    /// <inheritdoc/>
    public override Errno SetLimit(int resource, ulong soft, ulong hard)
    {
        Span<ulong> limit = [soft, hard];
        fixed (ulong* pointer = limit)
        {
            // SAFETY: struct rlimit64 is two unsigned longs.
            return Host.ErrnoOf(Host.Call(Nr.prlimit64, Pid, resource, (long)pointer, 0));
        }
    }

    /// <inheritdoc/>
    public override void Freeze(bool stop)
    {
        lock (_stop)
        {
            var before = IsStopped;
            _frozen = stop;
            Follow(before);
        }
    }

    /// <inheritdoc/>
    public override void Hold(bool hold)
    {
        lock (_stop)
        {
            var before = IsStopped;
            _held = hold;
            Follow(before);
        }
    }

    /// <summary>What the host's process is to be, but for commands. Lock held.</summary>
    private bool IsStopped => _frozen || _held;

    private void Follow(bool before)
    {
        if (IsStopped != before && _commands == 0)
        {
            SendStop(IsStopped);
        }
    }

    /// <summary>The stub has work from the kernel, which waits for it: nobody could continue a process that is stopped in it.</summary>
    internal void BeginCommand()
    {
        lock (_stop)
        {
            if (_commands++ == 0 && IsStopped)
            {
                SendStop(false);
            }
        }
    }

    /// <summary>The stub is done; what was to be stopped is.</summary>
    internal void EndCommand()
    {
        lock (_stop)
        {
            if (--_commands == 0 && IsStopped)
            {
                SendStop(true);
            }
        }
    }

    private void SendStop(bool stop) => Signal(stop ? 19 : 18);

    /// <summary>Sends a signal of the host's. A process that was reaped has no descriptor any more, and its number may be another one's.</summary>
    private void Signal(int signal)
    {
        if (PidFd.TryHold())
        {
            _ = Host.Call(Nr.pidfd_send_signal, PidFd.Number, signal, 0, 0);
            PidFd.DangerousRelease();
        }
    }

    /// <summary>The guest has tampered with the stub: it dies, and the kernel hears of it as of any death that is not its doing.</summary>
    internal void End() => Signal(9);

    /// <inheritdoc/>
    public override void Kill()
    {
        if (Interlocked.Exchange(ref _killed, 1) == 0)
        {
            Signal(9);
        }
    }
}
