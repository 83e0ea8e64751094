using Dragonet.Memory;

namespace Dragonet.Kernel;

/// <summary>What a jail with all jails in it has in layers of its own: its disk, which df(1) shows inside. Thread-safe, and called with
/// locks held.</summary>
public sealed class JailDisk : IMemoryAccount
{
    private readonly Jail _jail;

    internal JailDisk(Jail jail) => _jail = jail;

    /// <summary>Bytes that it may still take; <see cref="long.MaxValue"/> for any.</summary>
    public long Left
    {
        get
        {
            var least = long.MaxValue;
            for (var jail = _jail; jail is not null; jail = jail.Parent)
            {
                var account = jail.Account(Resource.Disk);
                least = account.Limit == long.MaxValue ? least : Math.Min(least, Math.Max(account.Limit - account.Held, 0));
            }

            return least;
        }
    }

    /// <inheritdoc/>
    public bool TryCharge(long bytes)
    {
        if (_jail.Account(Resource.Disk).TryTake(bytes) is not { } full)
        {
            return true;
        }

        // Told later, with no lock held.
        var hit = new LimitHit(full.Owner, Resource.Disk, full.Limit, 0, -1, new ResourceAction(ResourceActionKind.Deny));
        _ = _jail.Kernel.Timers.Add(0, () => hit.Jail.Kernel.Jails.OnLimit(hit));
        return false;
    }

    /// <inheritdoc/>
    public void Release(long bytes) => _jail.Give(Resource.Disk, bytes);
}
