namespace Dragonet.Kernel;

/// <summary>Looks from time to time at what nobody asks for (processor time, address space …), while there are rules about it.</summary>
internal sealed class ResourceWatch(Kernel kernel, ResourceRules rules)
{
    private const long Interval = 200_000_000; // nanoseconds

    private bool _armed; // a timer is armed, or its callback runs

    /// <summary>The rules have changed.</summary>
    internal void Begin()
    {
        if (Rules().Any() && !Interlocked.Exchange(ref _armed, true))
        {
            Arm();
        }
    }

    private IEnumerable<ResourceRule> Rules() => rules.List().Where(static rule => rule.Action.Kind != ResourceActionKind.Deny
        && rule.Action.Kind != ResourceActionKind.Throttle && ResourceKind.Of(rule.Resource).Counting != ResourceCounting.Charged);

    private void Arm() => _ = kernel.Timers.Add(kernel.Clock.MonotonicNanoseconds + Interval, Look);

    private void Look()
    {
        var watched = Rules().ToList();
        if (watched.Count == 0)
        {
            Volatile.Write(ref _armed, false);
            Begin(); // one may have come meanwhile
            return;
        }

        var processes = kernel.Pids.Processes.Where(process => process != kernel.Init && !process.IsExiting && !process.IsZombie).ToList();
        foreach (var rule in watched)
        {
            var jail = rule.Subject == ResourceSubject.Jail ? kernel.Jails.Find(rule.Id) : null;
            var whole = jail is not null && rule.Per == ResourceSubject.Jail ? ResourceUse.OfJail(jail, rule.Resource) : 0;
            foreach (var process in processes)
            {
                if (ResourceRules.Fits(rule, process))
                {
                    _ = rules.Enforce(rule, process.Jail, process, call: -1, rule.Per switch
                    {
                        ResourceSubject.Process => ResourceUse.OfProcess(process, rule.Resource),
                        ResourceSubject.User => ResourceUse.OfUser(kernel, process.Leader.Credentials.Uid, rule.Resource, jail),
                        _ => whole,
                    });
                }
            }
        }

        Arm();
    }
}
