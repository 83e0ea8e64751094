using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>O_ASYNC of an open file (fcntl(2), F_SETOWN): when input or room comes, its owner gets a signal. The wait queue only marks it;
/// the signal is sent by whoever runs what was woken.</summary>
internal sealed class AsyncNotifier : FileWatcher
{
    private const int PollInCode = 1, PollOutCode = 2, PollErrCode = 4, PollPriCode = 5, PollHupCode = 6, SigIoCode = -5;

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
            (PollEvents.POLLPRI, PollPriCode, 0x82),
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
        var signal = _file.OwnerSignal;
        var plain = SigInfo.FromKernel(Sig.IO);
        // Signals whose si_code means something else say SI_SIGIO.
        var specific = signal is Sig.ILL or Sig.FPE or Sig.SEGV or Sig.BUS or Sig.TRAP or Sig.CHLD or Sig.SYS;
        var info = signal == 0 ? plain : new SigInfo { Signal = signal, Code = specific ? SigIoCode : code, Band = band, Fd = _descriptor };
        FileOwner.Signal(_kernel, _file, info, plain);
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
