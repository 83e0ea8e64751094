namespace Dragonet.Kernel;

/// <summary>Where and how a task runs. The host schedules; what it lets an unprivileged process ask for, it is asked.</summary>
public sealed partial class Task
{
    private ProcessorSet? _affinity;

    /// <summary>SCHED_* policy.</summary>
    public int Policy { get; set; }

    /// <summary>Real-time priority.</summary>
    public int RtPriority { get; set; }

    /// <summary>SCHED_RESET_ON_FORK: children start with the ordinary policy.</summary>
    public bool ResetOnFork { get; set; }

    /// <summary>PR_SET_TIMERSLACK, in nanoseconds: kept and reported. Timers here are as exact as the host's.</summary>
    public ulong TimerSlack { get; set; } = 50_000;

    /// <summary>What its maker had: PR_SET_TIMERSLACK with 0 goes back to it.</summary>
    public ulong DefaultTimerSlack { get; private set; } = 50_000;

    /// <summary>The processors it may run on (sched_setaffinity(2)). The host keeps to those of them that it has; when it has none of
    /// them, the task runs anywhere.</summary>
    public ProcessorSet Affinity
    {
        get
        {
            var mine = Jail.ProcessorSet;
            return Volatile.Read(ref _affinity) is { } asked && (ReferenceEquals(mine, Kernel.Processors) ? asked : asked.And(mine)) is { Count: > 0 } both ? both : mine;
        }

        set
        {
            using (Kernel.TreeLock.Enter())
            {
                Volatile.Write(ref _affinity, value);
                ApplyAffinityLocked();
            }
        }
    }

    /// <summary>The processor it runs on or ran on last.</summary>
    public int Processor => Thread is { } thread && thread.Processor is >= 0 and var number ? number : Affinity.Numbers[0];

    /// <summary>A clone: the host's thread has inherited what the host was asked for.</summary>
    internal void InheritScheduling(Task origin)
    {
        Volatile.Write(ref _affinity, Volatile.Read(ref origin._affinity));
        TimerSlack = DefaultTimerSlack = origin.TimerSlack;
        var reset = origin.ResetOnFork && origin.Policy is 1 or 2;
        Policy = reset ? 0 : origin.Policy;
        RtPriority = reset ? 0 : origin.RtPriority;
    }

    /// <summary>A new host thread of this task starts with the platform's defaults. Tree lock held.</summary>
    internal void ApplySchedulingLocked()
    {
        if (!Affinity.Equals(Kernel.HostProcessors))
        {
            ApplyAffinityLocked();
        }

        if (Process.Nice != 0)
        {
            Thread.SetNice(Process.Nice);
        }
    }

    /// <summary>Guest code is about to run: limits of processor time begin to look.</summary>
    private void WakeCpuLimits()
    {
        if (Jail.CpuLimits is { } limits)
        {
            foreach (var limit in limits)
            {
                limit.Wake();
            }
        }
    }

    /// <summary>Asks the host for the processors that it is to run on. Tree lock held.</summary>
    internal void ApplyAffinityLocked()
    {
        var real = Affinity.And(Kernel.HostProcessors);
        Thread?.SetProcessors((real.Count != 0 ? real : Kernel.HostProcessors).Mask);
    }
}
