using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>Signals of one task: mask, pending set, what interrupts it.</summary>
public sealed partial class Task
{
    private RestartKind _interruptedKind;
    private bool _wasInterrupted;

    /// <summary>Blocked signals; bit n-1 is signal n. Written by the task itself, under the tree lock.</summary>
    public ulong SignalMask { get; private set; }

    /// <summary>The mask that sigsuspend, ppoll, pselect and epoll_pwait restore after the call; null when none does.</summary>
    public ulong? SavedMask { get; set; }

    /// <summary>sigaltstack(2): base, flags, size.</summary>
    public (ulong Base, int Flags, ulong Size) AltStack { get; set; } = (0, 2, 0);

    internal PendingSignals Pending { get; } = new();

    /// <summary>Pending for this task or its process.</summary>
    public ulong PendingSet
    {
        get
        {
            using (Kernel.TreeLock.Enter())
            {
                return Pending.Bits | Process.Pending.Bits;
            }
        }
    }

    /// <summary>Pending for this task and for its process, apart (/proc/PID/status).</summary>
    public (ulong Own, ulong Shared) PendingSets
    {
        get
        {
            using (Kernel.TreeLock.Enter())
            {
                return (Pending.Bits, Process.Pending.Bits);
            }
        }
    }

    /// <summary>Replaces the mask; SIGKILL and SIGSTOP stay out of it.</summary>
    public void SetSignalMask(ulong mask)
    {
        using (Kernel.TreeLock.Enter())
        {
            SignalMask = mask & ~Sig.Unblockable;
            RecalculateLocked();
            // What this task now blocks may be welcome to another one.
            Process.RedirectLocked(this);
        }
    }

    /// <summary>Sets a mask for the duration of the current call (sigsuspend(2), ppoll(2)); the first run counts.
    /// It is put back when the call ends, or by the return from the handler that ended it.</summary>
    public void SetTemporaryMask(ulong mask)
    {
        if (SavedMask is null)
        {
            SavedMask = SignalMask;
            SetSignalMask(mask);
        }
    }

    /// <summary>Takes a pending signal of a set without delivering it (sigtimedwait(2), signalfd(2)).</summary>
    public bool TakeSignal(ulong set, out SigInfo info)
    {
        bool taken;
        using (Kernel.TreeLock.Enter())
        {
            taken = Pending.Take(set, out info) || Process.Pending.Take(set, out info);
            if (taken)
            {
                RecalculateLocked();
            }
        }

        const int codeTimer = -2; // SI_TIMER
        if (taken && info.Code == codeTimer)
        {
            Process.Timers.Find(info.TimerId)?.Accept(info.Overrun);
        }

        return taken;
    }

    /// <summary>Sends to this very task (tgkill(2)). Signal 0 only checks.</summary>
    public Errno Send(in SigInfo info) => Process.Send(info, this);

    /// <summary>A clone starts with the mask of its maker and nothing pending.</summary>
    internal void InheritSignals(Task origin, bool keepAltStack)
    {
        SignalMask = origin.SignalMask;
        AltStack = keepAltStack ? origin.AltStack : (0, 2, 0);
    }

    /// <summary>True when a signal is to be delivered now.</summary>
    public bool HasSignal => Volatile.Read(ref _signalPending) != 0 && HasSignalFor(RestartKind.Interrupt);

    /// <summary>Looks anew whether something is to be delivered. Tree lock held.</summary>
    internal void RecalculateLocked()
    {
        var deliverable = (Pending.Bits | Process.Pending.Bits) & ~SignalMask;
        Volatile.Write(ref _signalPending, deliverable != 0 ? 1 : 0);
    }

    /// <summary>A signal arrived for it: wake it from a call or interrupt its guest code. Tree lock held.</summary>
    internal void KickLocked()
    {
        _ = Interlocked.Exchange(ref _signalPending, 1);
        if (Volatile.Read(ref _state) == (int)TaskState.User)
        {
            Thread?.Interrupt();
        }
        else
        {
            MakeReady();
        }
    }

    /// <summary>Takes what must be done with the call that a signal interrupted: null when none was.</summary>
    public RestartKind? TakeInterruptedCall()
    {
        if (!_wasInterrupted)
        {
            return null;
        }

        _wasInterrupted = false;
        return _interruptedKind;
    }

    private bool HasSignalFor(RestartKind kind)
    {
        if (Volatile.Read(ref _signalPending) == 0)
        {
            return false;
        }

        using (Kernel.TreeLock.Enter())
        {
            RecalculateLocked();
            return kind != RestartKind.Killable && Volatile.Read(ref _signalPending) != 0;
        }
    }
}
