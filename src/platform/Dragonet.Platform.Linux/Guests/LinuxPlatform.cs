using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform.Linux.Channels;
using Dragonet.Platform.Linux.HostFiles;
using Dragonet.Platform.Linux.HostStreams;
using Dragonet.Platform.Linux.Interop;
using Dragonet.Platform.Linux.Stub;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>
/// Guests as host processes behind a seccomp filter. One keeper thread starts the zygote, readies blank address spaces and reaps;
/// one serving thread per listener brings traps to the kernel.
/// </summary>
public sealed partial class LinuxPlatform : IPlatform
{
    private const int ReadyBlanks = 3;

    /// <summary>Memory files that this process has mapped, at most: each costs it room among its own mappings.</summary>
    private const int MostViews = 1024;

    private readonly bool _strict;
    private readonly GuestCode _code;
    private readonly HostBudget _views = new(MostViews);
    private readonly ConcurrentDictionary<int, GuestThread> _threads = new();
    private readonly ConcurrentDictionary<GuestThread, GuestThread> _unborn = new();
    private readonly ConcurrentDictionary<(ulong Device, ulong Inode), WeakReference<IMemoryBacking>> _backings = new();
    private int _remembered;     // since the last sweep of _backings
    private int _sweepAt = 1024;
    private readonly ConditionalWeakTable<IMemoryBacking, IMemoryBacking> _memory = []; // those that are alive
    private readonly BlockingCollection<GuestThread> _blanks = [];
    private int _blanksOwed;
    private readonly ServerPool _servers = new();
    private readonly HostPoller _poller = new();
    private readonly RunQueue _runQueue = new();
    private readonly Keeper _keeper;
    private readonly byte[] _kinds;
    private ITrapHandler _handler = null!;
    private int _disposed;

    /// <param name="code">What guests run besides their own; null for the usual.</param>
    /// <param name="spin">Serve them at once whether or not a processor is idle (true), or only when the guest rings (false).</param>
    /// <param name="sessions">Every program has a share of the host's processors of its own (sched(7), autogroups); else they have one with
    /// the kernel, which is the quicker way for few programs that ask it much, provided that nobody else computes in the session.</param>
    public LinuxPlatform(GuestCode? code = null, bool? spin = null, bool sessions = true)
    {
        _code = code ?? new GuestCode();
        (_strict, _kinds) = (_code.IsStrict, _code.Kinds);
        (ProcessorMask, OwnNice) = (HostScheduling.GetMask(), HostScheduling.GetNice());
        Processors = HostScheduling.GetProcessors(ProcessorMask);
        PollBeforeReceive = HostVersion.Current < new Version(6, 11);
        if (_code.HasChannels)
        {
            ChannelServer = new ChannelServer(Serve, spin, ProcessorMask);
            Patches = new PatchedFiles(StubLayout.ChannelCode);
        }

        _keeper = new Keeper(this, sessions);
    }

    /// <inheritdoc/>
    public IReadOnlyList<int> Processors { get; }

    /// <summary>Processors that guests may use, as the host's mask.</summary>
    internal byte[] ProcessorMask { get; }

    /// <summary>Nice value of the kernel process.</summary>
    internal int OwnNice { get; }

    /// <summary>The code that patched call sites jump to; null where there are no channels.</summary>
    internal ChannelCode? ChannelCode { get; private set; }

    /// <summary>Serves channels; null where there are none.</summary>
    internal ChannelServer? ChannelServer { get; }

    /// <summary>Programs and libraries with patched call sites; null where there are no channels.</summary>
    internal PatchedFiles? Patches { get; }

    /// <summary>Before Linux 6.11 a listener without processes is not told so: it must be polled.</summary>
    internal bool PollBeforeReceive { get; }

    /// <summary>True when system calls on the process's own memory and private futexes are left to the host.</summary>
    public bool IsStrict => _strict;

    /// <inheritdoc/>
    public ulong VdsoAddress { get; private set; }

    /// <inheritdoc/>
    public (ulong HwCap, ulong HwCap2) HardwareCapabilities { get; private set; }

    /// <inheritdoc/>
    public ulong MinimumSignalStack { get; private set; }

    /// <inheritdoc/>
    public int RunnableThreads => _runQueue.Length is < int.MaxValue and var length ? length : 0;

    /// <inheritdoc/>
    public bool HasNativeFutex => !_strict;

    /// <summary>Starts the zygote, which holds what all guests run. On the keeper's thread: whoever boots has a kernel to make meanwhile.</summary>
    internal Zygote StartZygote(bool sessions)
    {
        ChannelCode = _code.Channels;
        return Zygote.Start(_strict, ChannelCode, sessions);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The host does not let us make guests.</exception>
    public void Start(ITrapHandler handler)
    {
        _handler = handler;
        var zygote = _keeper.AwaitZygote();
        (VdsoAddress, HardwareCapabilities, MinimumSignalStack) = AuxiliaryVector.Read(zygote);
        if (_strict)
        {
            VdsoAddress = 0;
        }

        for (var i = 0; i < ReadyBlanks; i++)
        {
            _keeper.Request();
        }
    }

    /// <inheritdoc/>
    public Result<VmThread> CreateSpace()
    {
        // Making the next one would delay this program; the end of the old address space will ask for it.
        _ = Interlocked.Increment(ref _blanksOwed);
        if (!_blanks.TryTake(out var blank))
        {
            RequestOwed();
            if (!_blanks.TryTake(out blank, TimeSpan.FromSeconds(30)))
            {
                return Errno.EAGAIN;
            }
        }

        blank.Attract();
        return Result<VmThread>.Of(blank);
    }

    private void RequestOwed()
    {
        for (var owed = Interlocked.Exchange(ref _blanksOwed, 0); owed > 0; owed--)
        {
            _keeper.Request();
        }
    }

    /// <inheritdoc/>
    public Result<IMemoryBacking> CreateMemory(string name)
    {
        var made = MemFile.Create(System.Text.Encoding.Latin1.GetBytes(name), _views);
        if (made.Ok(out var file, out _))
        {
            _memory.Add(file, file);
        }

        return made;
    }

    /// <inheritdoc/>
    public long MemoryInUse
    {
        get
        {
            long bytes = 0;
            foreach (var (file, _) in _memory)
            {
                bytes += file.Allocated;
            }

            return bytes;
        }
    }

    /// <inheritdoc/>
    public bool TryRunBeside(Action work)
    {
        // The caller is among those that run, and so is the guest that it has just answered, who goes on in its place.
        if (_runQueue.Length > Environment.ProcessorCount)
        {
            return false;
        }

        _servers.Run(work);
        return true;
    }

    /// <inheritdoc/>
    public long MonotonicNanoseconds => HostTime.Monotonic;

    /// <inheritdoc/>
    public long RealtimeNanoseconds => HostTime.Realtime;

    /// <inheritdoc/>
    public IHostAlarm CreateAlarm(IEnumerable<int>? processors = null) => new HostAlarm(processors);

    /// <inheritdoc/>
    public IHostStream OpenStream(int descriptor) => new HostStream(descriptor, _poller);

    /// <inheritdoc/>
    public Result<IHostDirectory> OpenDirectory(string path) => HostDirectories.Open(path);

    /// <inheritdoc/>
    public (uint Uid, uint Gid) HostIdentity => HostDirectories.Identity;

    /// <inheritdoc/>
    public void Fill(Span<byte> entropy) => HostEntropy.Fill(entropy);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            foreach (var thread in _threads.Values)
            {
                thread.Space.Kill();
            }

            _keeper.Stop();
            _servers.Stop();
            ChannelServer?.Stop();
            Patches?.Dispose();
            _poller.Dispose();
        }
    }

    /// <summary>A blank child reported: it waits in its first trap until exec gives it a program.</summary>
    /// <returns>False when it is of no use.</returns>
    internal bool AddBlank(int pid, HostFd listenerFd)
    {
        var listener = new Listener(listenerFd, PollBeforeReceive);
        if (!listener.ReceiveNew(out var hello) || !Adopt(pid, listener, new SlotMap()).Ok(out var space))
        {
            return false;
        }

        var thread = new GuestThread(space, pid, 0);
        thread.Stopped(hello.Id, hello.A2, 0);
        space.Add(thread);
        Remember(thread);
        _blanks.Add(thread);
        return true;
    }

    /// <summary>A new host process: watched by the keeper until it is reaped.</summary>
    internal Result<GuestSpace> Adopt(int pid, Listener listener, SlotMap slots)
    {
        var pidFd = Host.Call(Nr.pidfd_open, pid, 0);
        if (pidFd < 0)
        {
            return Host.ErrnoOf(pidFd);
        }

        var space = new GuestSpace(this, pid, HostFd.Own(pidFd), listener) { Slots = slots };
        slots.Enter();
        _keeper.Watch(space);
        return space;
    }

    /// <summary>The kernel.</summary>
    internal ITrapHandler Handler => _handler;

    internal void Remember(GuestThread thread) => _threads[thread.HostTid] = thread;

    /// <summary>False when another thread of the same process has this number; that of a process which is gone may come again.</summary>
    internal bool TryRemember(int hostTid, GuestThread thread)
        => _threads.AddOrUpdate(hostTid, thread, (_, other) => other.Space == thread.Space ? other : thread) == thread;

    internal void Forget(GuestThread thread)
    {
        ForgetUnborn(thread);
        _ = _threads.TryRemove(new(thread.HostTid, thread));
    }

    /// <summary>One whose number at the host is not known yet.</summary>
    internal void RememberUnborn(GuestThread thread) => _unborn[thread] = thread;

    internal void ForgetUnborn(GuestThread thread) => _ = _unborn.TryRemove(thread, out _);

    /// <summary>Whose notification it is that came through this listener. One of a process that is dead, and not forgotten yet, may have had the
    /// same number.</summary>
    private GuestThread? Find(int hostTid, Listener listener)
        => _threads.TryGetValue(hostTid, out var thread) && thread.GuestSpace.Listener == listener ? thread : FindUnborn(hostTid, listener);

    /// <summary>A notification came from a thread that nobody knows by its number: is it one that was made lately?</summary>
    private GuestThread? FindUnborn(int hostTid, Listener listener)
    {
        foreach (var (thread, _) in _unborn)
        {
            if (thread.GuestSpace.Listener == listener && thread.TryLearn(hostTid))
            {
                return thread;
            }
        }

        return null;
    }

    /// <summary>Keeps who is behind a mapping, for <see cref="VmSpace.GetRegions"/>.</summary>
    internal void Remember(IMemoryBacking backing, IHostMappable mappable)
    {
        var key = mappable.GetFd(false).Identity;
        if (!_backings.TryGetValue(key, out var known) || !known.TryGetTarget(out var target) || !ReferenceEquals(target, backing))
        {
            _backings[key] = new WeakReference<IMemoryBacking>(backing);
            if (Interlocked.Increment(ref _remembered) >= Volatile.Read(ref _sweepAt))
            {
                SweepBackings();
            }
        }
    }

    /// <summary>Numbers of memory files do not come again: what is left of those that are gone would stay for ever.</summary>
    private void SweepBackings()
    {
        const int least = 1024;
        var alive = 0;
        foreach (var pair in _backings)
        {
            if (pair.Value.TryGetTarget(out _))
            {
                alive++;
            }
            else
            {
                _ = _backings.TryRemove(pair);
            }
        }

        Volatile.Write(ref _sweepAt, Math.Max(least, alive));
        Volatile.Write(ref _remembered, 0);
    }

    internal IMemoryBacking? FindBacking(ulong device, ulong inode)
        => _backings.TryGetValue((device, inode), out var known) && known.TryGetTarget(out var backing) ? backing : null;

    /// <summary>A host process is gone and reaped.</summary>
    internal void OnReaped(GuestSpace space, int signal)
    {
        foreach (var thread in space.GetThreads())
        {
            Forget(thread);
        }

        space.Slots.Leave(ChannelServer);
        RequestOwed();
        if (!space.IsKilled && Volatile.Read(ref _disposed) == 0)
        {
            _handler.OnDeath(space, signal);
        }
    }
}
