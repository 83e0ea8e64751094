using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>
/// A set of semaphores (semop(2)). Who changes it also performs the operations that wait for the change, first come, first served,
/// so that a value is never seen between. Guarded by the lock of its table.
/// </summary>
public sealed class SemaphoreSet : IpcObject
{
    private readonly int[] _values;
    private readonly int[] _pids;
    private readonly LinkedList<SemaphoreWait> _waiting = [];
    private readonly List<SemaphoreUndo> _undo = [];

    public SemaphoreSet(int key, uint permissions, Credentials creator, long now, int count)
        : base(key, permissions, creator, now)
    {
        _values = new int[count];
        _pids = new int[count];
    }

    /// <summary>How many semaphores.</summary>
    public int Count => _values.Length;

    /// <summary>Time of the last semop(2), in seconds since the epoch.</summary>
    public long OperationTime { get; private set; }

    /// <summary>GETVAL.</summary>
    public int GetValueLocked(int number) => _values[number];

    /// <summary>GETPID.</summary>
    public int GetPidLocked(int number) => _pids[number];

    /// <summary>GETNCNT and GETZCNT: tasks that wait for this semaphore to grow, or to be zero.</summary>
    public int CountWaitingLocked(int number, bool zero)
        => _waiting.Count(wait => wait.Operations[wait.Blocking].sem_num == number && (zero ? wait.Operations[wait.Blocking].sem_op == 0 : wait.Operations[wait.Blocking].sem_op < 0));

    /// <summary>SETVAL and SETALL: new values from one semaphore on; nobody's undo counts for them any more.</summary>
    public void SetValuesLocked(int first, ReadOnlySpan<ushort> values, int pid, long now)
    {
        for (var i = 0; i < values.Length; i++)
        {
            _values[first + i] = values[i];
            _pids[first + i] = pid;
            foreach (var undo in _undo)
            {
                undo.Clear(this, first + i);
            }
        }

        ChangeTime = now;
        ContinueLocked(now);
    }

    /// <summary>Performs all operations or none.</summary>
    /// <returns>OK; EAGAIN when one has to wait (<paramref name="blocking"/> says which); ERANGE.</returns>
    public Errno TryLocked(ReadOnlySpan<sembuf> operations, SemaphoreUndo? undo, int pid, long now, out int blocking)
    {
        var error = PerformLocked(operations, undo, pid, now, out blocking);
        if (error == Errno.OK)
        {
            ContinueLocked(now);
        }

        return error;
    }

    /// <summary>Joins the waiting.</summary>
    public void WaitLocked(SemaphoreWait wait) => wait.Node = _waiting.AddLast(wait);

    /// <summary>Leaves the waiting.</summary>
    internal void LeaveLocked(SemaphoreWait wait)
    {
        if (wait.Node is { } node)
        {
            _waiting.Remove(node);
            wait.Node = null;
        }
    }

    /// <summary>IPC_RMID: ends every wait with EIDRM.</summary>
    public void RemoveLocked()
    {
        while (_waiting.First is { } first)
        {
            FinishLocked(first.Value, Errno.EIDRM);
        }

        foreach (var undo in _undo)
        {
            undo.Forget(this);
        }

        _undo.Clear();
    }

    /// <summary>A list of adjustments begins to know this set.</summary>
    internal void AddUndoLocked(SemaphoreUndo undo) => _undo.Add(undo);

    /// <summary>A process has ended: its adjustments are made, as far as they can be.</summary>
    internal void ApplyUndoLocked(SemaphoreUndo undo, ReadOnlySpan<short> adjustments, int pid, long now)
    {
        _ = _undo.Remove(undo);
        for (var i = 0; i < adjustments.Length; i++)
        {
            if (adjustments[i] != 0)
            {
                _values[i] = Math.Clamp(_values[i] + adjustments[i], 0, IpcLimits.SemaphoreMax);
                _pids[i] = pid;
            }
        }

        OperationTime = now;
        ContinueLocked(now);
    }

    private Errno PerformLocked(ReadOnlySpan<sembuf> operations, SemaphoreUndo? undo, int pid, long now, out int blocking)
    {
        // On trial: an operation sees what those before it did, and all is taken back when one fails.
        var error = Errno.OK;
        var done = 0;
        for (blocking = 0; done < operations.Length; done++)
        {
            var (number, change) = (operations[done].sem_num, operations[done].sem_op);
            var value = _values[number] + change;
            if ((change == 0 && _values[number] != 0) || value < 0)
            {
                (error, blocking) = (Errno.EAGAIN, done);
                break;
            }

            if (value > IpcLimits.SemaphoreMax
                || ((operations[done].sem_flg & IpcFlags.SEM_UNDO) != 0 && undo!.Get(this, number) - change is < -IpcLimits.SemaphoreMax - 1 or > IpcLimits.SemaphoreMax))
            {
                error = Errno.ERANGE;
                break;
            }

            _values[number] = value;
            if ((operations[done].sem_flg & IpcFlags.SEM_UNDO) != 0)
            {
                undo!.Add(this, number, -change);
            }
        }

        if (error != Errno.OK)
        {
            while (--done >= 0)
            {
                _values[operations[done].sem_num] -= operations[done].sem_op;
                if ((operations[done].sem_flg & IpcFlags.SEM_UNDO) != 0)
                {
                    undo!.Add(this, operations[done].sem_num, operations[done].sem_op);
                }
            }

            return error;
        }

        foreach (var operation in operations)
        {
            _pids[operation.sem_num] = pid;
        }

        OperationTime = now;
        return Errno.OK;
    }

    /// <summary>Performs what can be performed now, until nothing more can.</summary>
    private void ContinueLocked(long now)
    {
        for (var node = _waiting.First; node is not null;)
        {
            var wait = node.Value;
            var next = node.Next;
            var error = PerformLocked(wait.Operations, wait.Undo, wait.Pid, now, out var blocking);
            if (error == Errno.EAGAIN)
            {
                wait.Blocking = blocking;
                if ((wait.Operations[blocking].sem_flg & IpcFlags.IPC_NOWAIT) == 0)
                {
                    node = next;
                    continue;
                }
            }

            FinishLocked(wait, error);
            node = error == Errno.OK ? _waiting.First : next;
        }
    }

    private void FinishLocked(SemaphoreWait wait, Errno result)
    {
        LeaveLocked(wait);
        wait.Result = result;
        _ = wait.Finished.Wake();
    }

    /// <inheritdoc/>
    protected override void GiveBack(Jail payer) => payer.Give(Resource.Semaphores, Count);
}
