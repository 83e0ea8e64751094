using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>Sending signals to a process.</summary>
public sealed partial class Process
{
    /// <summary>Woken whenever a signal becomes pending; signalfd(2) and sigtimedwait(2) wait here.</summary>
    public WaitQueue SignalArrived { get; } = new();

    internal PendingSignals Pending { get; } = new();

    /// <summary>Sends to the process (kill(2)). Signal 0 only checks.</summary>
    public Errno Send(in SigInfo info) => Send(info, null);

    internal Errno Send(in SigInfo info, Task? target)
    {
        int fatal;
        using (Kernel.TreeLock.Enter())
        {
            if (IsZombie || IsExiting || (target?.IsDead ?? false))
            {
                return target is null ? Errno.OK : Errno.ESRCH;
            }

            if (info.Signal == 0 || this == Kernel.Init)
            {
                return Errno.OK;
            }

            fatal = SendLocked(info, target, out var error);
            if (error != Errno.OK)
            {
                return error;
            }
        }

        if (fatal != 0)
        {
            Terminate(fatal);
        }

        return Errno.OK;
    }

    /// <summary>Queues the signal and wakes who takes it.</summary>
    /// <returns>The signal that ends the process at once, or 0.</returns>
    private int SendLocked(in SigInfo info, Task? target, out Errno error)
    {
        error = Errno.OK;
        var signal = info.Signal;
        if (signal == Sig.KILL)
        {
            return signal;
        }

        if (signal == Sig.CONT)
        {
            FlushLocked(Sig.Bit(Sig.STOP) | Sig.Bit(Sig.TSTP) | Sig.Bit(Sig.TTIN) | Sig.Bit(Sig.TTOU));
            ContinueLocked();
        }
        else if (Sig.IsStop(signal))
        {
            FlushLocked(Sig.Bit(Sig.CONT));
        }

        var action = Actions[signal];
        var taker = target ?? ChooseLocked(signal);
        var blocked = taker is null || (taker.SignalMask & Sig.Bit(signal)) != 0;
        if (!blocked)
        {
            if (action.IsIgnored || (action.IsDefault && Sig.IsIgnoredByDefault(signal)))
            {
                return 0;
            }

            // A stopped process takes nothing but SIGKILL before it is continued (signal(7)).
            if (action.IsDefault && Sig.IsFatalByDefault(signal) && !IsStopped)
            {
                return signal;
            }
        }

        var pending = target?.Pending ?? Pending;
        if (signal >= Sig.RtMin && info.Code < 0 && (ulong)pending.Count >= Limits[Rlimits.SigPending].Soft)
        {
            error = Errno.EAGAIN;
            return 0;
        }

        if (!pending.Add(info))
        {
            return 0;
        }

        if (RecallMasksLocked(target) && blocked)
        {
            taker = target ?? ChooseLocked(signal);
            blocked = taker is null || (taker.SignalMask & Sig.Bit(signal)) != 0;
        }

        if (!blocked)
        {
            taker!.KickLocked();
        }

        _ = SignalArrived.Wake();
        return 0;
    }

    /// <summary>Something is pending: every mask that lets it in must be a call from now on.</summary>
    private bool RecallMasksLocked(Task? target)
    {
        if (target is not null)
        {
            return target.RecallMaskLocked();
        }

        var any = false;
        foreach (var task in Tasks)
        {
            any |= task.RecallMaskLocked();
        }

        return any;
    }

    /// <summary>The task that takes a process-directed signal: the leader if it does not block it, else the first that does not.</summary>
    private Task? ChooseLocked(int signal)
    {
        var bit = Sig.Bit(signal);
        Task? first = null;
        foreach (var task in Tasks)
        {
            if (task.IsDead)
            {
                continue;
            }

            first ??= task;
            if ((task.SignalMask & bit) == 0)
            {
                return task;
            }
        }

        return first;
    }

    /// <summary>Finds another task for process-directed signals that <paramref name="task"/> does not take (any more).</summary>
    internal void RedirectLocked(Task task)
    {
        var open = Pending.Bits & task.SignalMask;
        if (open == 0 || Tasks.Count < 2)
        {
            return;
        }

        foreach (var other in Tasks)
        {
            if (other != task && !other.IsDead && (open & ~other.SignalMask) != 0)
            {
                other.KickLocked();
            }
        }
    }

    /// <summary>Removes pending signals of a set everywhere in the process.</summary>
    internal void FlushLocked(ulong set)
    {
        Pending.Flush(set);
        foreach (var task in Tasks)
        {
            task.Pending.Flush(set);
        }
    }

    /// <summary>Changes a disposition (sigaction(2)); a pending signal that is now ignored is dropped (POSIX 2.4.3).</summary>
    public SignalAction SetAction(int signal, SignalAction? action)
    {
        using (Kernel.TreeLock.Enter())
        {
            var old = Actions[signal];
            if (action is { } replacement)
            {
                Actions[signal] = replacement with { Mask = replacement.Mask & ~Sig.Unblockable };
                if (replacement.IsIgnored || (replacement.IsDefault && Sig.IsIgnoredByDefault(signal)))
                {
                    FlushLocked(Sig.Bit(signal));
                }
            }

            return old;
        }
    }
}
