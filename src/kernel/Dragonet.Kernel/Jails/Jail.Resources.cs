namespace Dragonet.Kernel;

/// <summary>What a jail has and may have (rctl(8)).</summary>
public sealed partial class Jail
{
    private readonly ResourceAccount[] _accounts;
    private CpuLimit? _cpuLimit;      // changed by who applies the rules, one at a time
    private CpuLimit[]? _cpuLimits;
    private bool _limitsTransfers;
    private long _pastCpuTime;
    private long _pastWallClock;

    /// <summary>Its processor time.</summary>
    internal JailCpu Cpu { get; }

    /// <summary>Limits of processor time that its tasks are under: its own and those of jails above; null when there is none.</summary>
    internal CpuLimit[]? CpuLimits => Volatile.Read(ref _cpuLimits);

    /// <summary>What it reads and writes.</summary>
    internal JailTransfers Transfers { get; }

    /// <summary>True when its tasks may have to wait before they read or write.</summary>
    internal bool LimitsTransfers => Volatile.Read(ref _limitsTransfers);

    /// <summary>Limits of reading and writing may have changed, here or above.</summary>
    internal void ApplyTransferLimit(Resource resource, long? perSecond)
    {
        Transfers.Limit(resource, perSecond);
        Volatile.Write(ref _limitsTransfers, Transfers.IsLimited || Parent?.LimitsTransfers == true);
    }

    /// <summary>True when its processes may not run now.</summary>
    internal bool IsHeld
    {
        get
        {
            for (var jail = this; jail is not null; jail = jail.Parent)
            {
                if (jail.Cpu.IsHeld)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>The limit of processor time may have changed, here or above.</summary>
    internal void ApplyCpuLimit()
    {
        var percent = Account(Resource.CpuPercent).Limit;
        if (percent != long.MaxValue || _cpuLimit is not null)
        {
            (_cpuLimit ??= new CpuLimit(this)).Percent = percent;
        }

        var above = Parent?.CpuLimits ?? [];
        var all = percent == long.MaxValue ? above : [.. above, _cpuLimit!];
        Volatile.Write(ref _cpuLimits, all.Length == 0 ? null : all);
    }

    /// <summary>Its part of the processors, next to other jails'.</summary>
    internal long ShareWeight => Math.Max(1, _values.Number(JailParameters.CpuShares));

    /// <summary>True when one of its threads runs, or would if there were a processor: of a few that were looked at.</summary>
    internal bool HasRunnable
    {
        get
        {
            const int most = 16;
            var looked = 0;
            foreach (var process in Kernel.Jails.ProcessesIn(this))
            {
                foreach (var task in process.GetTasks())
                {
                    if (!task.IsParked && (++looked > most || task.StateLetter == 'R'))
                    {
                        return true;
                    }
                }
            }

            return false;
        }
    }

    /// <summary>Its accounts, in the order of <see cref="Resource"/>.</summary>
    public IReadOnlyList<ResourceAccount> Accounts => _accounts;

    /// <summary>How many processes it has and may have.</summary>
    public ResourceAccount Processes => Account(Resource.MaxProc);

    /// <summary>How many threads it has and may have.</summary>
    public ResourceAccount Threads => Account(Resource.Threads);

    /// <summary>How much memory it was seen to have, and may have.</summary>
    public ResourceAccount Memory => Account(Resource.MemoryUse);

    /// <summary>One of its accounts.</summary>
    public ResourceAccount Account(Resource resource) => _accounts[(int)resource];

    /// <summary>How much it has, with all jails in it: looked up where nobody keeps count.</summary>
    public long Use(Resource resource) => ResourceUse.OfJail(this, resource);

    /// <summary>Takes for the caller, from its jail and all above: all of them have room, or nothing is taken. No lock held.</summary>
    /// <param name="resource">Of what.</param>
    /// <param name="amount">How much.</param>
    /// <param name="task">Who asks; null for the management side.</param>
    /// <param name="own">The caller's own process will have it.</param>
    public bool Take(Resource resource, long amount, Task? task, bool own = true)
    {
        if (Account(resource).TryTake(amount) is { } full)
        {
            Kernel.Jails.OnLimit(new LimitHit(full.Owner, resource, full.Limit, task?.Process.Pid ?? 0, task?.Call.Number ?? -1, new ResourceAction(ResourceActionKind.Deny)));
            return false;
        }

        if (Kernel.Rules.Watches(resource) && !Kernel.Rules.Permits(this, task, resource, amount, own))
        {
            Give(resource, amount);
            return false;
        }

        return true;
    }

    /// <summary>Whether there may be more of what is not charged: locked memory, operations of one call.</summary>
    public bool MayHave(Resource resource, long amount, Task task)
    {
        var measured = ResourceKind.Of(resource).Counting == ResourceCounting.Measured;
        for (var jail = this; jail is not null; jail = jail.Parent)
        {
            var account = jail.Account(resource);
            if (account.Limit != long.MaxValue && amount + (measured ? jail.Use(resource) : 0) > account.Limit)
            {
                account.CountFailure();
                Kernel.Jails.OnLimit(new LimitHit(jail, resource, account.Limit, task.Process.Pid, task.Call.Number, new ResourceAction(ResourceActionKind.Deny)));
                return false;
            }
        }

        return !Kernel.Rules.Watches(resource) || Kernel.Rules.Permits(this, task, resource, amount, own: true);
    }

    /// <summary>Takes without asking: what is there already.</summary>
    internal void Charge(Resource resource, long amount) => Account(resource).Charge(amount);

    /// <summary>Gives back what was taken.</summary>
    public void Give(Resource resource, long amount) => Account(resource).Give(amount);

    /// <summary>Processor time of processes that are gone, in nanoseconds.</summary>
    internal long PastCpuTime => Interlocked.Read(ref _pastCpuTime);

    /// <summary>How long processes lived that are gone, in nanoseconds.</summary>
    internal long PastWallClock => Interlocked.Read(ref _pastWallClock);

    /// <summary>The limit that a parameter sets; <see cref="long.MaxValue"/> for none.</summary>
    internal long ParameterLimit(Resource resource)
        => Parent is not null && JailParameters.Limits.TryGetValue(resource, out var parameter) && _values.Number(parameter) is > 0 and var limit ? limit : long.MaxValue;

    /// <summary>A process is gone: what it used is not forgotten.</summary>
    private void AddPast(Process process)
    {
        var (cpu, wall) = (ResourceUse.CpuTime(process), Kernel.Clock.MonotonicNanoseconds - process.StartTime);
        for (var jail = this; jail is not null; jail = jail.Parent)
        {
            _ = Interlocked.Add(ref jail._pastCpuTime, cpu);
            _ = Interlocked.Add(ref jail._pastWallClock, wall);
        }
    }

    private static ResourceAccount[] MakeAccounts(Jail jail, Jail? above)
    {
        var accounts = new ResourceAccount[ResourceKind.Count];
        for (var i = 0; i < accounts.Length; i++)
        {
            // What is measured is measured for each jail by itself.
            var isCharged = ResourceKind.Of((Resource)i).Counting == ResourceCounting.Charged;
            accounts[i] = new ResourceAccount(jail, (Resource)i, isCharged ? above?._accounts[i] : null);
        }

        return accounts;
    }
}
