namespace Dragonet.Kernel;

/// <summary>What a jail has and may have (rctl(8)).</summary>
public sealed partial class Jail
{
    private readonly ResourceAccount[] _accounts;
    private long _pastCpuTime;
    private long _pastWallClock;

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
