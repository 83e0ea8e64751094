using Dragonet.Base;


namespace Dragonet.Kernel;

/// <summary>How a process stops, continues and ends.</summary>
public sealed partial class Process
{
    private int _liveTasks;

    /// <summary>True between the first step of its end and the last.</summary>
    public bool IsExiting { get; private set; }

    /// <summary>True when it has ended and its parent has not waited for it yet.</summary>
    public bool IsZombie { get; private set; }

    /// <summary>True when a job-control signal stopped it.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Wait status (wait(2)) once it is exiting.</summary>
    public int ExitStatus { get; private set; }

    /// <summary>The signal its parent gets when it ends; SIGCHLD but for odd clones; 0 for none.</summary>
    public int ExitSignal { get; internal set; } = Sig.CHLD;

    /// <summary>Wait status of a stop or a continuation that no wait has reported, or 0.</summary>
    internal int StopReport { get; set; }

    /// <summary>A continuation that no wait has reported.</summary>
    internal bool ContinueReport { get; set; }

    /// <summary>Parents and vfork callers wait here for changes of their children.</summary>
    public WaitQueue ChildChanged { get; } = new();

    /// <summary>Woken when this process ends, execs or is reaped (pidfd, vfork).</summary>
    public WaitQueue Changed { get; } = new();

    /// <summary>CPU time of children that were waited for, in nanoseconds.</summary>
    public (long User, long System) ChildrenTime { get; internal set; }

    /// <summary>CPU time at the end, in nanoseconds.</summary>
    internal (long User, long System) FinalTime { get; private set; }

    /// <summary>CPU time used, in nanoseconds.</summary>
    public (long User, long System) CpuTime => this == Kernel.Init ? default : IsZombie ? FinalTime : Leader.Thread is { } thread && !IsExiting ? Add(PastTime, thread.Space.GetCpuTime()) : FinalTime;

    private static (long User, long System) Add((long User, long System) a, (long User, long System) b) => (a.User + b.User, a.System + b.System);

    /// <summary>Ends the process with a signal's default action.</summary>
    public void Terminate(int signal) => BeginExit(signal & 0x7f);

    /// <summary>exit_group(2) and fatal signals: every task dies now.</summary>
    /// <param name="status">Wait status.</param>
    public void BeginExit(int status)
    {
        Task[] tasks;
        using (Kernel.TreeLock.Enter())
        {
            if (IsExiting || IsZombie)
            {
                return;
            }

            IsExiting = true;
            ExitStatus = status;
            tasks = [.. Tasks];
            foreach (var task in tasks)
            {
                // Within the lock: a task that comes second, by an exit_group of its own, must see that it is dead and leave what it holds.
                _ = task.MarkDead();
            }
        }

        Kernel.Trace?.OnExit(Leader, status);
        if (tasks.Length > 0 && tasks[0].Thread is { } thread)
        {
            TakeFinalUsage(thread.Space);
            foreach (var task in tasks)
            {
                Kernel.Personality.OnTaskExit(task, group: true);
            }

            thread.Space.Kill();
        }

        foreach (var task in tasks)
        {
            task.ReleaseWhenIdle();
        }
    }

    /// <summary>A task has called exit(2) and is marked dead. When it was the last, the process ends with the leader's status, and is known
    /// to end before the host's process does.</summary>
    internal void NoteExit()
    {
        using (Kernel.TreeLock.Enter())
        {
            if (IsExiting || IsZombie || !Tasks.TrueForAll(static task => task.IsDead))
            {
                return;
            }

            ExitStatus = Leader.ExitStatus;
            TakeFinalUsage(Leader.Thread.Space);
            IsExiting = true;
        }
    }

    /// <summary>Keeps what only the living address space can tell.</summary>
    private void TakeFinalUsage(Platform.VmSpace space)
    {
        var (user, system) = space.GetCpuTime();
        FinalTime = (PastTime.User + user, PastTime.System + system);
        PastPeak.Add(space);
    }

    /// <summary>Exec: an address space ends, the process goes on.</summary>
    internal void TakePastUsage(Platform.VmSpace space)
    {
        TakeFinalUsage(space);
        PastTime = FinalTime;
    }

    /// <summary>CPU time before the last exec, in nanoseconds.</summary>
    private (long User, long System) PastTime { get; set; }

    /// <summary>Of the spaces that it had, the last one included when it has ended.</summary>
    internal PeakMemory PastPeak { get; } = new();

    /// <summary>Of the children that were waited for, and of theirs.</summary>
    internal PeakMemory ChildrenPeak { get; } = new();

    /// <summary>Most memory that was resident at one time, in bytes (ru_maxrss). May wait for the host: no lock may be held.</summary>
    public long GetPeakResident()
    {
        var current = !IsExiting && !IsZombie && Leader.Thread is { } thread ? thread.Space.GetPeakResident() : 0;
        return Math.Max(current, PastPeak.Get());
    }

    /// <summary>The largest <see cref="GetPeakResident"/> of the children that were waited for, and of theirs. May wait, too.</summary>
    public long GetChildrenPeakResident() => ChildrenPeak.Get();

    /// <summary>Living tasks (a hint: may change at once).</summary>
    public int TaskCount => Volatile.Read(ref _liveTasks);

    /// <summary>A task was added.</summary>
    internal void AddTask(Task task)
    {
        using (Kernel.TreeLock.Enter())
        {
            Tasks.Add(task);
            _liveTasks++;
            if (IsExiting)
            {
                // Killed while the task was being made: whoever makes it sees it dead.
                _ = task.MarkDead();
            }
        }
    }

    /// <summary>A task has given back all it held; the last one makes the process a zombie.</summary>
    internal void TaskReleased(Task task)
    {
        bool last;
        using (Kernel.TreeLock.Enter())
        {
            last = --_liveTasks == 0;
            if (!last)
            {
                if (task != Leader)
                {
                    _ = Tasks.Remove(task);
                }
            }
            else
            {
                _ = Tasks.RemoveAll(t => t != Leader);
                if (!IsExiting)
                {
                    IsExiting = true;
                    ExitStatus = Leader.ExitStatus;
                }
            }
        }

        if (task != Leader)
        {
            Kernel.Pids.RemoveTask(task.Tid);
            Kernel.OnNumberFreed(this, task.Tid);
        }

        Jail.Threads.Give(1);
        for (var jail = Jail; jail is not null; jail = jail.Parent)
        {
            jail.Transfers.AddPast(task.Transferred);
        }

        if (last)
        {
            Kernel.OnProcessEnd(this);
        }
    }

    /// <summary>Marks it a zombie. Tree lock held.</summary>
    internal void BecomeZombieLocked() => IsZombie = true;

    /// <summary>Stops every task (SIGSTOP and its kin, at delivery).</summary>
    public void Stop(int signal)
    {
        SigInfo? notice = null;
        using (Kernel.TreeLock.Enter())
        {
            if (IsExiting || IsZombie || IsStopped)
            {
                return;
            }

            IsStopped = true;
            StopReport = signal << 8 | 0x7f;
            ContinueReport = false;
            Leader.Thread.Space.Freeze(true);
            notice = ChildNoticeLocked(code: 5, signal); // CLD_STOPPED
        }

        NotifyParent(notice);
        Kernel.OnProcessStopped(this);
    }

    /// <summary>Continues a stopped process. Tree lock held; the parent is told by the caller's drain through <see cref="ChildChanged"/>.</summary>
    private void ContinueLocked()
    {
        if (!IsStopped)
        {
            return;
        }

        IsStopped = false;
        StopReport = 0;
        ContinueReport = true;
        Leader.Thread.Space.Freeze(false);
        _ = Parent?.ChildChanged.Wake();
        _ = Changed.Wake();
        if (Parent is { } parent && parent != Kernel.Init && (parent.Actions[Sig.CHLD].Flags & Sig.NoChildStop) == 0)
        {
            _ = parent.SendLocked(ChildInfo(6, Sig.CONT), null, out _); // CLD_CONTINUED
        }
    }

    /// <summary>Its jail may run, or may not (rctl(8), pcpu).</summary>
    internal void ApplyHold()
    {
        using (Kernel.TreeLock.Enter())
        {
            ApplyHoldLocked();
        }
    }

    /// <inheritdoc cref="ApplyHold"/>
    internal void ApplyHoldLocked()
    {
        if (!IsZombie && this != Kernel.Init)
        {
            Leader.Thread?.Space.Hold(Jail.IsHeld || IsQueued);
        }
    }

    /// <summary>It waits for its turn among the processes of its jail (<see cref="CpuTurns"/>).</summary>
    internal bool IsQueued { get; private set; }

    /// <summary>Lets it wait for its turn, or gives it one.</summary>
    internal void SetQueued(bool queued)
    {
        if (IsQueued != queued)
        {
            IsQueued = queued;
            ApplyHold();
        }
    }

    private SigInfo? ChildNoticeLocked(int code, int status)
    {
        _ = Parent?.ChildChanged.Wake();
        return Parent is { } parent && (parent.Actions[Sig.CHLD].Flags & Sig.NoChildStop) == 0 ? ChildInfo(code, status) : null;
    }

    private void NotifyParent(SigInfo? notice)
    {
        if (notice is { } info && Parent is { } parent)
        {
            _ = parent.Send(info);
        }
    }

    /// <summary>siginfo of SIGCHLD (sigaction(2)).</summary>
    internal SigInfo ChildInfo(int code, int status)
    {
        var (user, system) = FinalTime;
        return new SigInfo
        {
            Signal = Sig.CHLD,
            Code = code,
            Pid = Pid,
            Uid = Leader.Credentials.Uid,
            Status = status,
            UserTicks = user / 10_000_000,
            SystemTicks = system / 10_000_000,
        };
    }
}
