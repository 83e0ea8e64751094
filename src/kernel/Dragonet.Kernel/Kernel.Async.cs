using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Dragonet.Abi;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>Signals for events of files (O_ASYNC), and other work that waits until no lock is held.</summary>
public sealed partial class Kernel
{
    private readonly ConditionalWeakTable<OpenFile, AsyncNotifier> _notifiers = [];

    /// <summary>Files whose owners are to be signalled.</summary>
    internal ConcurrentQueue<AsyncNotifier> Marked { get; } = new();

    /// <summary>What is to be done when no lock is held.</summary>
    private readonly ConcurrentQueue<Action> _deferred = new();

    /// <summary>Has something done soon, when no lock is held: by <see cref="Drain"/>. For what one object notes inside the lock of another.</summary>
    public void Defer(Action action) => _deferred.Enqueue(action);

    /// <summary>Urgent data has been announced to a socket: its owner gets SIGURG (socket(7)). No lock held.</summary>
    public void SignalUrgent(OpenFile file)
    {
        if (file.References > 0)
        {
            FileOwner.Signal(this, file, SigInfo.FromKernel(Sig.URG), SigInfo.FromKernel(Sig.URG));
        }
    }

    /// <summary>O_ASYNC was switched on or off through this descriptor.</summary>
    public void SetAsync(OpenFile file, int descriptor, bool on)
    {
        if (!file.SupportsAsync)
        {
            return;
        }

        if (_notifiers.TryGetValue(file, out var old))
        {
            if (on)
            {
                return;
            }

            _ = _notifiers.Remove(file);
            file.RemoveWatcher(old);
            old.Stop();
        }
        else if (on)
        {
            var notifier = new AsyncNotifier(this, file, descriptor);
            _notifiers.AddOrUpdate(file, notifier);
            if (!file.AddWatcher(notifier))
            {
                notifier.Stop();
            }
        }
    }
}
