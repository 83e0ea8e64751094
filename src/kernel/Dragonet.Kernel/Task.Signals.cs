using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Kernel;

/// <summary>Signals of one task: mask, pending set, what interrupts it.</summary>
public sealed partial class Task
{
    private RestartKind _interruptedKind;
    private bool _wasInterrupted;

    private ulong _mask;              // while it is not lent; written by the task itself, under the tree lock
    private ISignalMaskLease? _lease; // where the mask is while it is lent, and until the task has seen that it was taken back; as _mask

    /// <summary>Blocked signals; bit n-1 is signal n.</summary>
    public ulong SignalMask => _lease is { } lease ? lease.Mask & ~Sig.Unblockable : _mask;

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
            EndLeaseLocked();
            _mask = mask & ~Sig.Unblockable;
            RecalculateLocked();
            // What this task now blocks may be welcome to another one.
            Process.RedirectLocked(this);
        }
    }

    /// <summary>Lets the guest change the mask by itself, where the platform can and nothing is pending: rt_sigprocmask(2) then costs no call.
    /// Of the task itself. A trace shall see every call.</summary>
    public void LendSignalMask()
    {
        if (Kernel.Trace is not null || Thread.MaskLease is not { } lease)
        {
            return;
        }

        using (Kernel.TreeLock.Enter())
        {
            if (_lease is null && SavedMask is null && (Pending.Bits | Process.Pending.Bits) == 0 && !IsDead)
            {
                lease.Lend(_mask);
                _lease = lease;
            }
        }
    }

    /// <summary>A thread that was lent its mask when it was made is known now, and what was sent meanwhile is pending.</summary>
    internal void AdoptLease()
    {
        using (Kernel.TreeLock.Enter())
        {
            if (Thread.MaskLease is not { IsLent: true } lease)
            {
                return;
            }

            _lease = lease;
            var pending = Pending.Bits | Process.Pending.Bits;
            if (pending != 0)
            {
                _ = RecallMaskLocked();
                if ((pending & ~SignalMask) != 0)
                {
                    KickLocked();
                }
            }
        }
    }

    /// <summary>The task ends: its thread's place, and what was lent there, soon belong to another one.</summary>
    private void EndLease()
    {
        using (Kernel.TreeLock.Enter())
        {
            EndLeaseLocked();
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
            if (NoticeRecallLocked() || taken)
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
        _mask = origin.SignalMask;
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

    /// <summary>A signal was queued: takes the mask back, so that a change of it is a call. Tree lock held.</summary>
    /// <returns>True when it was lent; the task may have changed it just now.</returns>
    internal bool RecallMaskLocked()
    {
        if (_lease is not { IsLent: true } lease)
        {
            return false;
        }

        _ = lease.Recall();
        Volatile.Write(ref _signalPending, 1); // the call by which the guest tells of a change looks for signals
        return true;
    }

    /// <summary>The mask is the kernel's again. Of the task itself, which is stopped. Tree lock held.</summary>
    internal void EndLeaseLocked()
    {
        if (_lease is { } lease)
        {
            _mask = lease.Recall() & ~Sig.Unblockable;
            _lease = null;
        }
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
            _ = NoticeRecallLocked();
            RecalculateLocked();
            return kind != RestartKind.Killable && Volatile.Read(ref _signalPending) != 0;
        }
    }

    /// <summary>The task sees that its mask was taken back: what it blocks by now may be welcome to another one.</summary>
    private bool NoticeRecallLocked()
    {
        if (_lease is not { IsLent: false })
        {
            return false;
        }

        EndLeaseLocked();
        Process.RedirectLocked(this);
        return true;
    }
}
