using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>
/// The locks of one inode: POSIX and open-file-description record locks, which exclude each other, and flock(2) locks, which know
/// only each other. Nothing here sleeps: a refused request registers on <see cref="Released"/> and is made again. Thread-safe.
/// </summary>
public sealed class FileLocks(LockWaits waits)
{
    private readonly KernelLock _lock = new(LockRank.FileLock);
    private readonly List<FileLock> _records = []; // guarded by _lock; of one owner: sorted, never overlapping
    private readonly List<FileLock> _whole = [];   // guarded by _lock: flock

    /// <summary>Woken when a lock was released or weakened.</summary>
    public WaitQueue Released { get; } = new();

    /// <summary>F_GETLK: the first lock that stands in the way, or null.</summary>
    public FileLock? Test(FileLock wanted)
    {
        using (_lock.Enter())
        {
            return FindConflict(_records, wanted);
        }
    }

    /// <summary>Sets, changes or removes a record lock. EAGAIN on conflict; EDEADLK when waiting for it would never end.</summary>
    /// <param name="waiter">Who would wait (recorded for deadlock detection until <see cref="LockWaits.Remove"/>); null when nobody does.</param>
    public Errno Set(FileLock wanted, object? waiter)
    {
        using (_lock.Enter())
        {
            if (wanted.Type != FileLockType.None && FindConflict(_records, wanted) is { } conflict)
            {
                return waiter is null || waits.Add(waiter, wanted.Owner, conflict.Owner) ? Errno.EAGAIN : Errno.EDEADLK;
            }

            Replace(wanted);
        }

        _ = Released.Wake();
        return Errno.OK;
    }

    /// <summary>flock(2). A conversion first gives up the old lock, as Linux does. EAGAIN on conflict.</summary>
    public Errno SetWhole(object owner, int pid, FileLockType type)
    {
        var wanted = new FileLock(owner, pid, type, 0, long.MaxValue);
        var released = false;
        var result = Errno.OK;
        using (_lock.Enter())
        {
            var old = _whole.FindIndex(l => ReferenceEquals(l.Owner, owner));
            if (old >= 0)
            {
                if (_whole[old].Type == type)
                {
                    return Errno.OK;
                }

                _whole.RemoveAt(old);
                released = true;
            }

            if (type != FileLockType.None)
            {
                if (FindConflict(_whole, wanted) is null)
                {
                    _whole.Add(wanted);
                }
                else
                {
                    result = Errno.EAGAIN;
                }
            }
        }

        if (released)
        {
            _ = Released.Wake();
        }

        return result;
    }

    /// <summary>Drops every lock of an owner: a descriptor was closed, or an open file description is gone.</summary>
    public void RemoveOwner(object owner)
    {
        int removed;
        using (_lock.Enter())
        {
            removed = _records.RemoveAll(l => ReferenceEquals(l.Owner, owner)) + _whole.RemoveAll(l => ReferenceEquals(l.Owner, owner));
        }

        if (removed != 0)
        {
            _ = Released.Wake();
        }
    }

    /// <summary>A copy of the record locks and of the flock locks, for /proc/locks.</summary>
    public (IReadOnlyList<FileLock> Records, IReadOnlyList<FileLock> Whole) List()
    {
        using (_lock.Enter())
        {
            return ([.. _records], [.. _whole]);
        }
    }

    private static FileLock? FindConflict(List<FileLock> list, FileLock wanted)
    {
        foreach (var held in list)
        {
            if (held.Conflicts(wanted))
            {
                return held;
            }
        }

        return null;
    }

    /// <summary>Cuts the owner's locks around the range, puts the new one in, joins neighbours of the same type.</summary>
    private void Replace(FileLock wanted)
    {
        for (var i = _records.Count - 1; i >= 0; i--)
        {
            var held = _records[i];
            if (!ReferenceEquals(held.Owner, wanted.Owner))
            {
                continue;
            }

            if (held.Type == wanted.Type)
            {
                var touches = held.Start <= (wanted.End == long.MaxValue ? long.MaxValue : wanted.End + 1)
                    && wanted.Start <= (held.End == long.MaxValue ? long.MaxValue : held.End + 1);
                if (touches)
                {
                    wanted = wanted with { Start = Math.Min(held.Start, wanted.Start), End = Math.Max(held.End, wanted.End) };
                    _records.RemoveAt(i);
                }

                continue;
            }

            if (!held.Overlaps(wanted))
            {
                continue;
            }

            _records.RemoveAt(i);
            if (held.End > wanted.End)
            {
                _records.Insert(i, held with { Start = wanted.End + 1 });
            }

            if (held.Start < wanted.Start)
            {
                _records.Insert(i, held with { End = wanted.Start - 1 });
            }
        }

        if (wanted.Type != FileLockType.None)
        {
            _records.Add(wanted);
        }
    }
}
