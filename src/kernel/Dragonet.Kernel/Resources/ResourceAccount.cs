namespace Dragonet.Kernel;

/// <summary>What a jail and all below it have of one resource, and what they may have (rctl(8)). Thread-safe, without locks.</summary>
public sealed class ResourceAccount
{
    private readonly ResourceAccount? _above;
    private long _held;
    private long _maxHeld;
    private long _limit = long.MaxValue;
    private long _failures;

    internal ResourceAccount(Jail owner, Resource resource, ResourceAccount? above)
    {
        Owner = owner;
        Resource = resource;
        _above = above;
    }

    /// <summary>Whose it is.</summary>
    public Jail Owner { get; }

    /// <summary>Of what.</summary>
    public Resource Resource { get; }

    /// <summary>As rctl(8) calls it.</summary>
    public string Name => ResourceKind.Of(Resource).Name;

    /// <summary>How much is held now; of what is measured, at the last look.</summary>
    public long Held => Interlocked.Read(ref _held);

    /// <summary>The most that was held at one time.</summary>
    public long MaxHeld => Interlocked.Read(ref _maxHeld);

    /// <summary>The most that may be held; <see cref="long.MaxValue"/> for any.</summary>
    public long Limit
    {
        get => Interlocked.Read(ref _limit);
        internal set => Interlocked.Exchange(ref _limit, value);
    }

    /// <summary>How often more was wanted.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Takes, from this jail and all above: from all of them, or from none.</summary>
    /// <returns>Null, or the account that has no more.</returns>
    internal ResourceAccount? TryTake(long amount)
    {
        var held = Interlocked.Add(ref _held, amount);
        if (held > Interlocked.Read(ref _limit))
        {
            _ = Interlocked.Add(ref _held, -amount);
            CountFailure();
            return this;
        }

        if (_above?.TryTake(amount) is { } full)
        {
            _ = Interlocked.Add(ref _held, -amount);
            return full;
        }

        Raise(held);
        return null;
    }

    /// <summary>Takes whatever the limit is: what is there already, or comes with what was allowed.</summary>
    internal void Charge(long amount)
    {
        for (var account = this; account is not null; account = account._above)
        {
            account.Raise(Interlocked.Add(ref account._held, amount));
        }
    }

    /// <summary>Gives back.</summary>
    internal void Give(long amount)
    {
        for (var account = this; account is not null; account = account._above)
        {
            _ = Interlocked.Add(ref account._held, -amount);
        }
    }

    /// <summary>What was measured, for resources that are not asked for.</summary>
    internal void Measured(long held)
    {
        _ = Interlocked.Exchange(ref _held, held);
        Raise(held);
    }

    internal void CountFailure() => Interlocked.Increment(ref _failures);

    private void Raise(long held)
    {
        for (var most = Interlocked.Read(ref _maxHeld); held > most;)
        {
            var seen = Interlocked.CompareExchange(ref _maxHeld, held, most);
            if (seen == most)
            {
                return;
            }

            most = seen;
        }
    }
}
