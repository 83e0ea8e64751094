using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>How a system call waits: it registers, returns <em>blocked</em>, and is run again from its start when something fires.</summary>
public sealed partial class Task
{
    /// <summary>What the current call has done already, over all its runs. An interrupted call that has progress answers it instead of EINTR.</summary>
    public long Progress { get; set; }

    /// <summary>State that the current call keeps over its runs; null at its first. When the call ends, however it ends (an answer,
    /// a signal, the death of the task), a state that is <see cref="IDisposable"/> is disposed, with no lock held.</summary>
    public object? CallState { get; set; }

    /// <summary>Called when a signal ends the wait with EINTR or a restart; may change the result (nanosleep writes the remaining time).</summary>
    public Func<Task, SysResult, SysResult>? OnInterrupted { get; set; }

    /// <summary>Monotonic deadline of the current call in nanoseconds, or <see cref="long.MaxValue"/>.</summary>
    public long Deadline { get; private set; } = long.MaxValue;

    /// <summary>True when the deadline of the current call has passed.</summary>
    public bool TimedOut => Deadline != long.MaxValue && Kernel.Clock.MonotonicNanoseconds >= Deadline;

    /// <summary>Gives the current call a deadline at its first run; later runs keep it.</summary>
    /// <param name="nanoseconds">From now; null for none.</param>
    public void SetTimeout(long? nanoseconds)
    {
        if (Deadline == long.MaxValue && nanoseconds is { } value)
        {
            var now = Kernel.Clock.MonotonicNanoseconds;
            SetDeadline(value >= long.MaxValue - 1 - now ? long.MaxValue - 1 : now + Math.Max(value, 0));
        }
    }

    /// <summary>Gives the current call an absolute monotonic deadline at its first run; later runs keep it.</summary>
    public void SetDeadline(long monotonicNanoseconds)
    {
        if (Deadline == long.MaxValue)
        {
            Deadline = monotonicNanoseconds;
        }
    }

    /// <summary>Blocks until the queue is woken, the deadline passes or a signal arrives; the call is then run again.
    /// Registering and the state change race is taken care of: after a first registration the call runs once more at once.</summary>
    public SysResult WaitOn(WaitQueue queue, RestartKind kind = RestartKind.Restart, PollEvents interest = PollEvents.All, bool exclusive = false)
    {
        _wait.Add(queue, interest, exclusive);
        return SysResult.Block(kind);
    }

    /// <summary>Blocks until a signal or the deadline.</summary>
    public SysResult WaitForSignal(RestartKind kind = RestartKind.Interrupt) => SysResult.Block(kind);

    /// <summary>Blocks until the file may be ready for <paramref name="events"/>: what a handler returns after EAGAIN on a blocking file.
    /// Answers EAGAIN, or the progress, when the file limits the wait (SO_RCVTIMEO) and the time is over; such a wait is not restarted after a signal.</summary>
    public SysResult WaitFor(OpenFile file, PollEvents events, RestartKind kind = RestartKind.Restart)
    {
        if (file.GetWaitTimeout(events) is { } limit)
        {
            SetTimeout(limit);
            kind = RestartKind.Interrupt;
            if (TimedOut)
            {
                return Progress > 0 ? Progress : Errno.EAGAIN;
            }
        }

        _wait.Interest = events | PollEvents.POLLERR | PollEvents.POLLHUP;
        _ = file.Poll(_wait);
        _wait.Interest = PollEvents.All;
        return SysResult.Block(kind);
    }

    /// <summary>The file's state among <paramref name="events"/> (and errors), registering for changes: one look of poll(2) and its kin.</summary>
    public PollEvents PollFile(OpenFile file, PollEvents events)
    {
        events |= PollEvents.POLLERR | PollEvents.POLLHUP;
        _wait.Interest = events;
        var ready = file.Poll(_wait) & events;
        _wait.Interest = PollEvents.All;
        return ready;
    }

    /// <summary>To look at files without registering.</summary>
    public PollObserver Observer => field ??= new PollObserver(this);

    /// <summary>The current call's registrations, for poll(2) and its kin.</summary>
    public PollWait Polling => _wait;

    /// <summary>Fails a call and says why; the reason costs nothing unless somebody traces.</summary>
    public SysResult Fail(Errno error, string why)
    {
        FailReason = why;
        return error;
    }

    /// <summary>Why the current call failed, for traces.</summary>
    public string? FailReason { get; private set; }
}
