using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>The System V objects of one kind in a name space, by id and by key. Its lock guards the objects, too.</summary>
public sealed class IpcTable<T>
    where T : IpcObject
{
    private readonly SortedDictionary<int, T> _objects = []; // by index; guarded by Lock
    private int _lastIndex = -1;                             // guarded by Lock
    private int _sequence;                                   // guarded by Lock

    /// <summary>Guards the table and the state of its objects.</summary>
    public KernelLock Lock { get; } = new(LockRank.Object);

    /// <summary>How many there are. Lock held.</summary>
    public int CountLocked => _objects.Count;

    /// <summary>The highest index in use, 0 when none is: what the INFO commands answer. Lock held.</summary>
    public int HighestLocked => _objects.Count == 0 ? 0 : _objects.Keys.Last();

    /// <summary>All of them, by index. Lock held.</summary>
    public IEnumerable<T> AllLocked => _objects.Values;

    /// <summary>By id. Lock held.</summary>
    public T? FindLocked(int id) => id >= 0 && _objects.TryGetValue(id % IpcLimits.MaxIndex, out var found) && found.Id == id ? found : null;

    /// <summary>By index (the STAT commands of ipcs(1)). Lock held.</summary>
    public T? FindIndexLocked(int index) => _objects.GetValueOrDefault(index);

    /// <summary>shmget(2), semget(2), msgget(2): finds an object by its key or makes one.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="key">Its key, or IPC_PRIVATE for a new one without.</param>
    /// <param name="flags">IPC_CREAT, IPC_EXCL, permission bits.</param>
    /// <param name="most">Objects that may exist; ENOSPC beyond it.</param>
    /// <param name="check">Of an object that is there: the last word. Lock held.</param>
    /// <param name="create">Makes a new one; no lock held.</param>
    /// <param name="discard">Takes a new one back that nobody has seen.</param>
    /// <returns>The id.</returns>
    public Result<int> Get(Credentials caller, int key, int flags, int most, Func<T, Errno> check, Func<Result<T>> create, Action<T>? discard = null)
    {
        T? made = null;
        while (true)
        {
            using (Lock.Enter())
            {
                if (key != IpcFlags.IPC_PRIVATE && FindKeyLocked(key) is { } found)
                {
                    if (made is not null)
                    {
                        Discard(made, discard);
                    }

                    return CheckLocked(caller, found, flags, check);
                }

                if (key != IpcFlags.IPC_PRIVATE && (flags & IpcFlags.IPC_CREAT) == 0)
                {
                    return Errno.ENOENT;
                }

                if (made is not null)
                {
                    if (_objects.Count >= Math.Min(most, IpcLimits.MaxIndex))
                    {
                        Discard(made, discard);
                        return Errno.ENOSPC;
                    }

                    return AddLocked(made);
                }
            }

            if (!create().Ok(out made, out var error))
            {
                return error;
            }
        }
    }

    /// <summary>Takes an object out. Lock held.</summary>
    public void RemoveLocked(T item)
    {
        _ = _objects.Remove(item.Id % IpcLimits.MaxIndex);
        item.IsRemoved = true;
        item.GiveBack();
    }

    private static void Discard(T made, Action<T>? discard)
    {
        made.GiveBack();
        discard?.Invoke(made);
    }

    private static Result<int> CheckLocked(Credentials caller, T found, int flags, Func<T, Errno> check)
    {
        if ((flags & (IpcFlags.IPC_CREAT | IpcFlags.IPC_EXCL)) == (IpcFlags.IPC_CREAT | IpcFlags.IPC_EXCL))
        {
            return Errno.EEXIST;
        }

        var error = check(found);
        var wanted = (uint)((flags >> 6) | (flags >> 3) | flags) & 7;
        return error != Errno.OK ? error : found.Allows(caller, wanted) ? found.Id : Errno.EACCES;
    }

    private T? FindKeyLocked(int key)
    {
        foreach (var item in _objects.Values)
        {
            if (item.Key == key)
            {
                return item;
            }
        }

        return null;
    }

    /// <summary>The lowest free index; the sequence number grows when indices are used again, so that an old id does not name a new object.</summary>
    private int AddLocked(T item)
    {
        var index = 0;
        while (_objects.ContainsKey(index))
        {
            index++;
        }

        if (index <= _lastIndex)
        {
            _sequence = (_sequence + 1) % 65536;
        }

        _lastIndex = index;
        item.Id = (_sequence * IpcLimits.MaxIndex) + index;
        _objects.Add(index, item);
        return item.Id;
    }
}
