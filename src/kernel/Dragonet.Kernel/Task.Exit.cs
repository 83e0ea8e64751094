using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Kernel;

/// <summary>How a task ends, and its traps.</summary>
public sealed partial class Task
{
    private int _released;

    /// <summary>Wait status that this task alone would give (exit(2)).</summary>
    internal int ExitStatus { get; private set; }

    /// <summary>exit(2): this task only; the process ends with its last task.</summary>
    public SysResult Exit(int status)
    {
        ExitStatus = status;
        if (!MarkDead())
        {
            return SysResult.NoReturn;
        }

        Kernel.Personality.OnTaskExit(this, group: false);
        Process.NoteExit();
        EndLease();
        Thread.Exit();
        Release();
        return SysResult.NoReturn;
    }

    /// <summary>A thread that never ran: nobody waits for it, and it has touched nothing.</summary>
    internal void Vanish()
    {
        if (MarkDead())
        {
            Process.NoteExit();
            EndLease();
        }

        ReleaseWhenIdle();
    }

    /// <summary>The task is dead: give back what it holds, now or when the thread that runs its call is done.</summary>
    public void ReleaseWhenIdle()
    {
        // A running call (Kernel) or a queued one (Ready) sees IsDead and releases by itself.
        var parked = Interlocked.CompareExchange(ref _state, (int)TaskState.Kernel, (int)TaskState.Parked) == (int)TaskState.Parked;
        var user = !parked && Interlocked.CompareExchange(ref _state, (int)TaskState.Kernel, (int)TaskState.User) == (int)TaskState.User;
        if (parked || user)
        {
            LeaveWaits();
            Release();
        }
    }

    /// <summary>Gives back descriptors and directory references, once.</summary>
    internal void Release()
    {
        if (Interlocked.Exchange(ref _released, 1) != 0)
        {
            return;
        }

        Files.Leave();
        LeaveNamespaces();
        Process.TaskReleased(this);
    }

    /// <summary>A platform thread brings a trap: an interruption or a fault.</summary>
    internal void BeginTrap(in Trap trap)
    {
        Volatile.Write(ref _state, (int)TaskState.Kernel);
        if (IsDead)
        {
            Release();
            return;
        }

        if (trap.Kind == TrapKind.Interrupt && TryBeginCall())
        {
            return;
        }

        Kernel.Personality.OnTrap(this, trap);
        if (IsDead)
        {
            LeaveWaits();
            Release();
        }
    }

    /// <summary>
    /// A signal came when the guest was about to make a call that may wait, which is then made first: it answers at once, or the signal ends
    /// it. Programs that look whether a signal came and then wait count on the moment between being short, as it is where a call
    /// begins with its instruction; here it would last until somebody looked at the call.
    /// </summary>
    private bool TryBeginCall()
    {
        // The signal that ended a call, or came with its end, is to be seen before the next one.
        if (!HasSignal || _wasInterrupted || !Thread.TryPeekCall(out var call) || !Kernel.Personality.MayWait(call.Number)
            || call.InstructionPointer - 2 == _call.InstructionPointer || !Thread.BeginCall(call))
        {
            return false;
        }

        Begin(call);
        return true;
    }

    /// <summary>Continues guest code after a full trap. To be called by the personality before it resumes the thread.</summary>
    public void LeaveKernel()
    {
        IsStarting = false;
        _ = Interlocked.Exchange(ref _state, (int)TaskState.User);
        WakeCpuLimits();
    }

    /// <summary>True from its making from outside until its first program runs: only the starter touches it.</summary>
    internal bool IsStarting { get; set; }
}
