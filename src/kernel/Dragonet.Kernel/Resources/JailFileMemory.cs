using Dragonet.Memory;

namespace Dragonet.Kernel;

/// <summary>
/// What a jail with all jails in it has in files in memory (tmpfs, memfd, its layer). It is part of the jail's memory; a jail without a limit of
/// its own has half of what there is at most, so that others can write, too. Thread-safe, and called with locks held.
/// </summary>
public sealed class JailFileMemory : IMemoryAccount
{
    private readonly Jail _jail;
    private long _used;
    private long _processes;

    internal JailFileMemory(Jail jail)
    {
        _jail = jail;
        Disk = new JailDisk(jail);
    }

    /// <summary>The part of it that is in layers of its own.</summary>
    public JailDisk Disk { get; }

    /// <summary>Bytes taken.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>Bytes that it may take.</summary>
    public long Limit => _jail.Parent is null ? long.MaxValue
        : _jail.Memory.Limit is < long.MaxValue and var limit ? Math.Max(0, limit - Interlocked.Read(ref _processes))
        : _jail.Kernel.MemoryLimit / 2;

    /// <summary>What its processes were seen to have.</summary>
    internal void SetProcesses(long bytes) => Interlocked.Exchange(ref _processes, bytes);

    /// <inheritdoc/>
    public bool TryCharge(long bytes)
    {
        for (var jail = _jail; jail is not null; jail = jail.Parent)
        {
            if (Interlocked.Add(ref jail.Files._used, bytes) > jail.Files.Limit)
            {
                GiveBack(bytes, jail);
                jail.Memory.CountFailure();
                Tell(jail);
                return false;
            }
        }

        if (_jail.Kernel.Vfs.FileMemory?.TryCharge(bytes) != false)
        {
            return true;
        }

        GiveBack(bytes, null);
        return false;
    }

    /// <inheritdoc/>
    public void Release(long bytes)
    {
        GiveBack(bytes, null);
        _jail.Kernel.Vfs.FileMemory?.Release(bytes);
    }

    private void GiveBack(long bytes, Jail? last)
    {
        for (var jail = _jail; jail is not null; jail = jail == last ? null : jail.Parent)
        {
            _ = Interlocked.Add(ref jail.Files._used, -bytes);
        }
    }

    /// <summary>Later, with no lock held.</summary>
    private static void Tell(Jail jail)
    {
        var hit = new LimitHit(jail, Resource.MemoryUse, jail.MemoryTotal, 0, -1, new ResourceAction(ResourceActionKind.Deny));
        _ = jail.Kernel.Timers.Add(0, () => jail.Kernel.Jails.OnLimit(hit));
    }
}
