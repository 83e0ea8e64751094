using System.Collections.Concurrent;
using System.Globalization;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>
/// The rules of a kernel (rctl(8)). They name jails, so that they are there before the jail and after it. What a jail as a whole is denied
/// becomes the limit of its accounts, which enforce it without asking here; for everything else the rules of a resource are looked at when
/// somebody wants more of it. Thread-safe.
/// </summary>
public sealed class ResourceRules
{
    private const int MostRules = 10_000;
    private const int LinesPerSecond = 10;

    private readonly Kernel _kernel;
    private readonly Lock _lock = new(); // a leaf
    private readonly ConcurrentDictionary<(ResourceRule Rule, Process Process), bool> _exceeded = new();
    private readonly ResourceWatch _watch;
    private volatile ResourceRule[] _rules = []; // replaced as a whole, under _lock
    private long _watched;                       // a bit for each resource that has rules which accounts do not enforce
    private long _second;                        // of the last lines in the log; guarded by _lock
    private int _lines;                          // written in it; guarded by _lock

    internal ResourceRules(Kernel kernel)
    {
        _kernel = kernel;
        _watch = new ResourceWatch(kernel, this);
    }

    /// <summary>All rules that fit, in the order in which they were added.</summary>
    public IReadOnlyList<ResourceRule> List(ResourceFilter? filter = null) => [.. _rules.Where(rule => filter?.Fits(rule) != false)];

    /// <summary>Adds a rule (rctl -a); one that differs in its amount only takes the place of the old one.</summary>
    /// <returns>ESRCH when its process is not there; ENOSPC when there are too many.</returns>
    public Errno Add(ResourceRule rule, out string why)
    {
        why = "";
        if (rule.Subject == ResourceSubject.Process && FindProcess(rule) is null)
        {
            why = $"process {rule.Id} not found";
            return Errno.ESRCH;
        }

        lock (_lock)
        {
            var others = Array.FindAll(_rules, each => each with { Amount = rule.Amount } != rule);
            if (others.Length >= MostRules)
            {
                why = $"there are {MostRules} rules already";
                return Errno.ENOSPC;
            }

            SetLocked([.. others, rule]);
        }

        Apply(rule.Resource);
        return Errno.OK;
    }

    /// <summary>Removes every rule that fits (rctl -r).</summary>
    /// <returns>How many there were.</returns>
    public int Remove(ResourceFilter filter)
    {
        List<ResourceRule> gone;
        lock (_lock)
        {
            gone = [.. _rules.Where(filter.Fits)];
            SetLocked([.. _rules.Except(gone)]);
        }

        foreach (var key in _exceeded.Keys.Where(key => gone.Contains(key.Rule)).ToList())
        {
            _ = _exceeded.TryRemove(key, out _);
        }

        foreach (var resource in gone.Select(static rule => rule.Resource).Distinct())
        {
            Apply(resource);
        }

        return gone.Count;
    }

    /// <summary>Sets the limits of a jail's accounts from its parameters and the rules with its name.</summary>
    internal void Apply(Jail jail)
    {
        lock (_lock)
        {
            foreach (var account in jail.Accounts)
            {
                var limit = jail.ParameterLimit(account.Resource);
                foreach (var rule in _rules)
                {
                    limit = rule.IsPlain && rule.Resource == account.Resource && rule.Id == jail.Name ? Math.Min(limit, rule.Amount) : limit;
                }

                account.Limit = limit;
            }

            jail.ApplyCpuLimit();
            for (var resource = Resource.ReadBytes; resource <= Resource.WriteOperations; resource++)
            {
                long? most = null;
                foreach (var rule in _rules)
                {
                    most = rule.Resource == resource && rule.Id == jail.Name ? Math.Min(most ?? long.MaxValue, rule.Amount) : most;
                }

                jail.ApplyTransferLimit(resource, most);
            }
        }
    }

    /// <summary>True when there are rules to be asked for a resource.</summary>
    internal bool Watches(Resource resource) => (Interlocked.Read(ref _watched) & (1L << (int)resource)) != 0;

    /// <summary>Asks the rules, no lock held. The jails' accounts have the amount already.</summary>
    /// <param name="jail">Where.</param>
    /// <param name="task">Who wants it; null for the management side.</param>
    /// <param name="resource">Of what.</param>
    /// <param name="amount">How much more.</param>
    /// <param name="own">The caller's own process will have it.</param>
    internal bool Permits(Jail jail, Task? task, Resource resource, long amount, bool own)
    {
        var permitted = true;
        foreach (var rule in _rules)
        {
            if (rule.Resource != resource || rule.IsPlain || Holder(rule, jail, task) is not { } holder)
            {
                continue;
            }

            var uid = task?.Credentials.Uid ?? 0;
            var used = rule.Per switch
            {
                ResourceSubject.Process => task is null || !own ? 0 : amount + ResourceUse.OfProcess(task.Process, resource),
                ResourceSubject.User => amount + ResourceUse.OfUser(_kernel, uid, resource, rule.Subject == ResourceSubject.Jail ? holder : null),
                _ => resource == Resource.SemaphoreOperations ? amount : ResourceUse.OfJail(holder, resource) + (ResourceKind.Of(resource).Counting == ResourceCounting.Measured ? amount : 0),
            };
            permitted &= !Enforce(rule, jail, task?.Process, task?.Call.Number ?? -1, used);
        }

        return permitted;
    }

    /// <summary>Compares use with a rule, and does what it says: once until there is less again, but for denials (rctl(8)).</summary>
    /// <returns>True when it denies.</returns>
    internal bool Enforce(ResourceRule rule, Jail jail, Process? process, int call, long used)
    {
        if (used <= rule.Amount)
        {
            if (process is not null && !_exceeded.IsEmpty)
            {
                _ = _exceeded.TryRemove((rule, process), out _);
            }

            return false;
        }

        var denies = rule.Action.Kind == ResourceActionKind.Deny;
        if (!denies && process is not null && !_exceeded.TryAdd((rule, process), true))
        {
            return false;
        }

        if (rule.Action.Kind == ResourceActionKind.Log)
        {
            Log(rule, jail, process);
        }
        else if (rule.Action.Kind == ResourceActionKind.Signal && process is not null)
        {
            _ = process.Send(SigInfo.FromKernel(rule.Action.Signal));
        }

        _kernel.Jails.OnLimit(new LimitHit(jail, rule.Resource, rule.Amount, process?.Pid ?? 0, call, rule.Action));
        return denies;
    }

    /// <summary>The least that "deny" rules leave each process of; <see cref="long.MaxValue"/> for any amount.</summary>
    public long LimitOfProcess(Process process, Resource resource)
    {
        var limit = long.MaxValue;
        foreach (var rule in _rules)
        {
            if (rule.Resource == resource && rule.Per == ResourceSubject.Process && rule.Action.Kind == ResourceActionKind.Deny && Fits(rule, process))
            {
                limit = Math.Min(limit, rule.Amount);
            }
        }

        return limit;
    }

    /// <summary>Whether a process is one of a rule's subject.</summary>
    internal static bool Fits(ResourceRule rule, Process process) => rule.Subject switch
    {
        ResourceSubject.Process => rule.Id == process.Pid.ToString(CultureInfo.InvariantCulture),
        ResourceSubject.User => rule.Id == process.Leader.Credentials.Uid.ToString(CultureInfo.InvariantCulture),
        _ => FindAbove(process.Jail, rule.Id) is not null,
    };

    /// <summary>A process is gone: rules for its number go, too.</summary>
    internal void Forget(Process process)
    {
        if (_rules.Length == 0)
        {
            return;
        }

        foreach (var key in _exceeded.Keys.Where(key => key.Process == process).ToList())
        {
            _ = _exceeded.TryRemove(key, out _);
        }

        if (Array.Exists(_rules, rule => rule.Subject == ResourceSubject.Process && Fits(rule, process)))
        {
            lock (_lock)
            {
                SetLocked(Array.FindAll(_rules, rule => rule.Subject != ResourceSubject.Process || !Fits(rule, process)));
            }
        }
    }

    /// <summary>The jail with a name among one and those above it.</summary>
    private static Jail? FindAbove(Jail jail, string name)
    {
        for (var each = jail; each is not null; each = each.Parent)
        {
            if (each.Name == name)
            {
                return each;
            }
        }

        return null;
    }

    /// <summary>The jail in which a rule counts, when it is about the caller at all.</summary>
    private static Jail? Holder(ResourceRule rule, Jail jail, Task? task) => rule.Subject switch
    {
        ResourceSubject.Jail => FindAbove(jail, rule.Id),
        ResourceSubject.User => rule.Id == (task?.Credentials.Uid ?? 0).ToString(CultureInfo.InvariantCulture) ? jail : null,
        _ => task is not null && Fits(rule, task.Process) ? jail : null,
    };

    private void SetLocked(ResourceRule[] rules)
    {
        _rules = rules;
        var watched = 0L;
        foreach (var rule in rules)
        {
            watched |= rule.IsPlain ? 0 : 1L << (int)rule.Resource;
        }

        _ = Interlocked.Exchange(ref _watched, watched);
    }

    private void Apply(Resource resource)
    {
        foreach (var jail in _kernel.Jails.List().Append(_kernel.Jails.Root).OrderBy(static jail => jail.Depth))
        {
            Apply(jail);
        }

        if (ResourceKind.Of(resource).Denial == ResourceDenial.EachProcess)
        {
            foreach (var process in _kernel.Pids.Processes.Where(process => process != _kernel.Init && !process.IsExiting))
            {
                process.ApplyLimits();
            }
        }

        _watch.Begin();
    }

    private Process? FindProcess(ResourceRule rule)
        => int.TryParse(rule.Id, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? _kernel.Pids.FindProcess(pid) : null;

    private void Log(ResourceRule rule, Jail jail, Process? process)
    {
        lock (_lock)
        {
            var second = _kernel.Clock.MonotonicNanoseconds / 1_000_000_000;
            (_second, _lines) = (second, second == _second ? _lines + 1 : 1);
            if (_lines > LinesPerSecond)
            {
                return;
            }
        }

        _kernel.Log.Write(5, $"rctl: rule \"{rule}\" matched by pid {process?.Pid ?? 0} ({process?.Leader.Name}), uid {process?.Leader.Credentials.Uid ?? 0}, jail {jail.Name}");
    }
}
