using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>The pseudo terminals of a kernel: the devices make them, devpts shows them. Thread-safe; its lock is a leaf.</summary>
public sealed class PtyTable
{
    /// <summary>Device major of /dev/pts/N.</summary>
    public const uint Major = 136;

    /// <summary>/proc/sys/kernel/pty/max.</summary>
    public const int Max = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, PtyEntry> _entries = []; // guarded by _lock
    private readonly HashSet<int> _reserved = [];             // guarded by _lock: numbers in use, shown or not

    /// <summary>Takes the lowest free number. ENOSPC when there is none, or the jail has no more.</summary>
    public Result<PtyEntry> Add(Jail jail, uint uid, uint gid, long time, Task? task)
    {
        if (!jail.Take(Resource.PseudoTerminals, 1, task))
        {
            return Errno.ENOSPC;
        }

        lock (_lock)
        {
            var index = 0;
            while (_reserved.Contains(index))
            {
                index++;
            }

            if (index >= Max)
            {
                jail.Give(Resource.PseudoTerminals, 1);
                return Errno.ENOSPC;
            }

            var entry = new PtyEntry(jail, index, uid, gid, time);
            _ = _reserved.Add(index);
            _entries.Add(index, entry);
            return entry;
        }
    }

    /// <summary>devpts stops showing it: its master was closed.</summary>
    public void Hide(PtyEntry entry)
    {
        lock (_lock)
        {
            if (_entries.GetValueOrDefault(entry.Index) == entry)
            {
                _ = _entries.Remove(entry.Index);
            }
        }
    }

    /// <summary>Both ends are closed: the number is free.</summary>
    public void Free(PtyEntry entry)
    {
        lock (_lock)
        {
            if (_entries.GetValueOrDefault(entry.Index) is null && _reserved.Remove(entry.Index))
            {
                entry.Jail.Give(Resource.PseudoTerminals, 1);
            }
        }
    }

    /// <summary>The one with a number, or null.</summary>
    public PtyEntry? Find(int index)
    {
        lock (_lock)
        {
            return _entries.GetValueOrDefault(index);
        }
    }

    /// <summary>All, by number.</summary>
    public IReadOnlyList<PtyEntry> List()
    {
        lock (_lock)
        {
            return [.. _entries.Values.OrderBy(static entry => entry.Index)];
        }
    }
}
