using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>O_ASYNC of an open file (fcntl(2), F_SETOWN): when input or room comes, its owner gets a signal. The wait queue only marks it;
/// the signal is sent by whoever runs what was woken.</summary>
internal sealed class AsyncNotifier : FileWatcher
{
    private const int PollInCode = 1, PollOutCode = 2, PollErrCode = 4, PollHupCode = 6, SigIoCode = -5;

    private readonly Kernel _kernel;
    private readonly OpenFile _file;
    private readonly int _descriptor;
    private readonly Marker _marker;
    private readonly List<WaitQueue.Entry> _entries = [];
    private int _events;

    /// <param name="descriptor">si_fd.</param>
    internal AsyncNotifier(Kernel kernel, OpenFile file, int descriptor)
    {
        (_kernel, _file, _descriptor) = (kernel, file, descriptor);
        _marker = new Marker(this);
        _ = file.Poll(new Registration(this));
    }

    /// <summary>O_ASYNC was taken back.</summary>
    internal void Stop()
    {
        foreach (var entry in _entries)
        {
            entry.Queue.Remove(entry);
        }
    }

    /// <inheritdoc/>
    public override void OnRelease(OpenFile file) => Stop();

    /// <summary>Sends what was marked. No lock held.</summary>
    internal void Run()
    {
        var events = (PollEvents)Interlocked.Exchange(ref _events, 0);
        if ((_file.Flags & OpenFlags.O_ASYNC) == 0 || _file.References == 0)
        {
            return;
        }

        var ready = _file.Poll(null) & events;
        foreach (var (bit, code, band) in (ReadOnlySpan<(PollEvents, int, long)>)
        [
            (PollEvents.POLLIN, PollInCode, 0x41), (PollEvents.POLLOUT, PollOutCode, 0x304), (PollEvents.POLLERR, PollErrCode, 8), (PollEvents.POLLHUP, PollHupCode, 0x18),
        ])
        {
            if ((ready & bit) != 0)
            {
                Send(code, band);
            }
        }
    }

    private void Send(int code, long band)
    {
        var (type, id) = _file.Owner;
        var signal = _file.OwnerSignal;
        var plain = SigInfo.FromKernel(Sig.IO);
        // Signals whose si_code means something else say SI_SIGIO.
        var specific = signal is Sig.ILL or Sig.FPE or Sig.SEGV or Sig.BUS or Sig.TRAP or Sig.CHLD or Sig.SYS;
        var info = signal == 0 ? plain : new SigInfo { Signal = signal, Code = specific ? SigIoCode : code, Band = band, Fd = _descriptor };
        foreach (var (process, task) in Targets(type, id))
        {
            if (MaySignal(process) && (task is null ? process.Send(info) : task.Send(info)) == Errno.EAGAIN)
            {
                // The queue of real-time signals is full (fcntl(2), F_SETSIG).
                _ = task is null ? process.Send(plain) : task.Send(plain);
            }
        }
    }

    private IEnumerable<(Process Process, Task? Task)> Targets(int type, int id)
    {
        const int thread = 0, processOnly = 1;
        switch (type)
        {
            case thread when _kernel.Pids.FindTask(id) is { } task:
                return [(task.Process, task)];
            case processOnly when _kernel.Pids.FindProcess(id) is { } process:
                return [(process, null)];
            case > processOnly when id != 0:
                return _kernel.Pids.Processes.Where(process => process.Group.Id == id).Select(static process => (process, (Task?)null));
            default:
                return [];
        }
    }

    private bool MaySignal(Process process)
    {
        var theirs = process.Leader.Credentials;
        if (_file.OwnerSetter is { Limit: { } jail } && jail != theirs.Limit)
        {
            return false; // the number belongs to a process of another jail by now
        }

        return _file.OwnerSetter is not { } setter || setter.EffectiveUid == 0
            || setter.EffectiveUid == theirs.SavedUid || setter.EffectiveUid == theirs.Uid || setter.Uid == theirs.SavedUid || setter.Uid == theirs.Uid;
    }

    private sealed class Marker(AsyncNotifier notifier) : Waiter
    {
        public override bool Fire(WaitQueue.Entry entry, PollEvents events)
        {
            if (Interlocked.Or(ref notifier._events, (int)events) == 0)
            {
                notifier._kernel.Marked.Enqueue(notifier);
            }

            return true;
        }
    }

    private sealed class Registration(AsyncNotifier notifier) : PollWait
    {
        public override void Add(WaitQueue queue, PollEvents interest = PollEvents.All, bool exclusive = false)
            => notifier._entries.Add(queue.Add(notifier._marker, interest));
    }
}
