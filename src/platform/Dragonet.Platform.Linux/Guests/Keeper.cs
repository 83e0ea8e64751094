using System.Collections.Concurrent;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Channels;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>
/// The thread that is the host parent of every guest process. The host kills them when this thread ends (PR_SET_PDEATHSIG is tied
/// to the thread), so it lives as long as the platform. It takes in new blanks and reaps the dead.
/// </summary>
internal sealed unsafe class Keeper
{
    private const ulong ZygoteEvent = ulong.MaxValue;
    private const ulong WakeEvent = ulong.MaxValue - 1;

    private readonly LinuxPlatform _platform;
    private readonly ConcurrentDictionary<int, GuestSpace> _spaces = new();
    private readonly ManualResetEventSlim _ready = new();
    private readonly bool _sessions;
    private readonly HostFd _epoll = HostFd.Own(Host.Call(Nr.epoll_create1, 0x80000));
    private readonly HostFd _wake = HostFd.Own(Host.Call(Nr.eventfd2, 0, 0x80000));
    private Zygote _zygote = null!;
    private InvalidOperationException? _failure;
    private readonly Lock _requests = new();
    private int _expected;           // blanks asked for that have not reported; guarded by _requests
    private volatile bool _stopping; // set under _requests

    internal Keeper(LinuxPlatform platform, bool sessions)
    {
        _platform = platform;
        _sessions = sessions;
        new Thread(Run, 512 * 1024) { IsBackground = true, Name = "keeper" }.Start();
    }

    /// <summary>Waits until the zygote runs; before, nothing can be asked for.</summary>
    /// <returns>Its pid.</returns>
    /// <exception cref="InvalidOperationException">It could not be started.</exception>
    internal int AwaitZygote()
    {
        _ready.Wait();
        return _failure is null ? _zygote.Pid : throw new InvalidOperationException(_failure.Message, _failure);
    }

    /// <summary>One more blank, please.</summary>
    internal void Request()
    {
        lock (_requests)
        {
            if (!_stopping)
            {
                _expected++;
                _zygote.Request();
            }
        }
    }

    /// <summary>Watches a process until it dies.</summary>
    internal void Watch(GuestSpace space)
    {
        _spaces[space.Pid] = space;

        // Once: the descriptor stays readable until whoever uses it just then lets it be closed, and each look at it would only keep that one
        // from the processor.
        Control(space.PidFd, (ulong)space.Pid, once: true);
    }

    /// <summary>Ends the zygote and the thread.</summary>
    internal void Stop()
    {
        lock (_requests)
        {
            _stopping = true;
        }

        ulong one = 1;
        // SAFETY: eight bytes for an eventfd.
        _ = Host.Call(Nr.write, _wake.Number, (long)&one, 8);
    }

    private void Run()
    {
        try
        {
            _zygote = _platform.StartZygote(_sessions);
            HostScheduling.AskShortTurns(_zygote.Pid);
            HostScheduling.AskShortTurns();
            Control(_zygote.Socket, ZygoteEvent);
            Control(_wake, WakeEvent);
        }
        catch (InvalidOperationException failure)
        {
            _failure = failure;
        }
        finally
        {
            _ready.Set();
        }

        if (_platform.Patches is not null)
        {
            PatchedFiles.Prepare();
        }

        // struct epoll_event is packed: 4 bytes of events, 8 of data.
        Span<byte> events = stackalloc byte[12 * 64];
        while (_failure is null && !_stopping)
        {
            long count;
            fixed (byte* pointer = events)
            {
                // SAFETY: room for 64 events.
                count = Host.Call(Nr.epoll_wait, _epoll.Number, (long)pointer, 64, -1);
            }

            for (var i = 0; i < count; i++)
            {
                Handle(BitConverter.ToUInt64(events[((i * 12) + 4)..]));
            }
        }

        if (_failure is null)
        {
            // Those that are on their way: they would never end without anybody to talk to.
            while (_expected > 0 && TakeReport(out var pid, out var listener))
            {
                listener?.Dispose();
                Discard(pid);
            }

            _zygote.Dispose(); // the zygote reads end of file and exits
            foreach (var space in _spaces.Values)
            {
                space.Kill();
                Wait(space.Pid, out _, out var peak);
                space.SetFinalPeak(peak);
                space.Slots.Leave(_platform.ChannelServer);
            }

            Wait(_zygote.Pid, out _, out _);
        }
    }

    private void Handle(ulong data)
    {
        if (data == WakeEvent)
        {
            return;
        }

        if (data == ZygoteEvent)
        {
            if (TakeReport(out var pid, out var listener) && (listener is null || !_platform.AddBlank(pid, listener)))
            {
                listener?.Dispose();
                Discard(pid);
            }

            return;
        }

        if (_spaces.TryRemove((int)data, out var space) && Wait(space.Pid, out var signal, out var peak))
        {
            space.SetFinalPeak(peak);
            space.PidFd.Dispose();
            _platform.OnReaped(space, signal);
        }
    }

    /// <summary>A new child's report; without a listener when the host refused it one. False when the zygote is gone.</summary>
    private bool TakeReport(out int pid, out HostFd? listener)
    {
        if (!_zygote.TakeChild(out pid, out listener, out _) && pid <= 0)
        {
            return false;
        }

        lock (_requests)
        {
            _expected--;
        }

        return true;
    }

    /// <summary>Ends a child that nobody knows yet.</summary>
    internal static void Discard(int pid)
    {
        _ = Host.Call(Nr.tkill, pid, 9);
        _ = Wait(pid, out _, out _);
    }

    /// <param name="pid">Whose end to wait for.</param>
    /// <param name="signal">What ended it, or 0.</param>
    /// <param name="peak">ru_maxrss, in bytes.</param>
    private static bool Wait(int pid, out int signal, out long peak)
    {
        var status = 0;
        var usage = stackalloc long[18];
        usage[4] = 0;
        // SAFETY: an int and a struct rusage (two timevals, fourteen longs) on the stack.
        var result = Host.Call(Nr.wait4, pid, (long)&status, 0, (long)usage);
        signal = status & 0x7f;
        peak = usage[4] * 1024;
        return result == pid;
    }

    private void Control(HostFd fd, ulong data, bool once = false)
    {
        Span<byte> request = stackalloc byte[12];
        _ = BitConverter.TryWriteBytes(request, once ? 0x4000_0001u : 1u); // EPOLLONESHOT, EPOLLIN
        _ = BitConverter.TryWriteBytes(request[4..], data);
        fixed (byte* pointer = request)
        {
            // SAFETY: a packed struct epoll_event. EPOLL_CTL_ADD.
            _ = Host.Call(Nr.epoll_ctl, _epoll.Number, 1, fd.Number, (long)pointer);
        }
    }
}
