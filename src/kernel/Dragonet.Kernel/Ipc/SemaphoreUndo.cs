using System.Runtime.InteropServices;

namespace Dragonet.Kernel;

/// <summary>
/// What is taken back when a process ends (SEM_UNDO, semop(2)); shared by clones with CLONE_SYSVSEM. The adjustments are guarded by the
/// lock of the semaphore table, the number of users by this object.
/// </summary>
public sealed class SemaphoreUndo
{
    private readonly Dictionary<SemaphoreSet, short[]> _adjustments = [];
    private int _users = 1;

    /// <summary>Nothing would be taken back at this moment.</summary>
    public bool IsEmpty => _adjustments.Count == 0;

    /// <summary>The adjustment of a semaphore.</summary>
    internal int Get(SemaphoreSet set, int number) => _adjustments.TryGetValue(set, out var values) ? values[number] : 0;

    internal void Add(SemaphoreSet set, int number, int change)
    {
        ref var values = ref CollectionsMarshal.GetValueRefOrAddDefault(_adjustments, set, out var known);
        if (!known)
        {
            values = new short[set.Count];
            set.AddUndoLocked(this);
        }

        values![number] = (short)(values[number] + change);
    }

    internal void Clear(SemaphoreSet set, int number)
    {
        if (_adjustments.TryGetValue(set, out var values))
        {
            values[number] = 0;
        }
    }

    internal void Forget(SemaphoreSet set) => _ = _adjustments.Remove(set);

    /// <summary>One more process uses it.</summary>
    internal SemaphoreUndo Share()
    {
        _ = Interlocked.Increment(ref _users);
        return this;
    }

    /// <summary>A process has ended; the last one's end makes the adjustments.</summary>
    internal void Leave(IpcNamespace ipc, int pid)
    {
        if (Interlocked.Decrement(ref _users) != 0)
        {
            return;
        }

        using (ipc.Semaphores.Lock.Enter())
        {
            foreach (var (set, values) in _adjustments)
            {
                set.ApplyUndoLocked(this, values, pid, ipc.Now);
            }

            _adjustments.Clear();
        }
    }
}
