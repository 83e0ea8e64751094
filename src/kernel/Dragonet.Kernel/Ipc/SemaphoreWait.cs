using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>A semop(2) that waits: the state of the call, which leaves the set when the call ends. Guarded by the lock of the table.</summary>
public sealed class SemaphoreWait(IpcTable<SemaphoreSet> table, SemaphoreSet set, sembuf[] operations, SemaphoreUndo? undo, int pid) : IDisposable
{
    /// <summary>What it wants to do.</summary>
    public sembuf[] Operations { get; } = operations;

    /// <summary>Where SEM_UNDO is noted.</summary>
    public SemaphoreUndo? Undo { get; } = undo;

    public int Pid { get; } = pid;

    /// <summary>Which operation cannot be performed.</summary>
    public int Blocking { get; set; }

    /// <summary>Woken when there is a result.</summary>
    public WaitQueue Finished { get; } = new();

    /// <summary>What became of it; null while it waits.</summary>
    public Errno? Result { get; internal set; }

    internal LinkedListNode<SemaphoreWait>? Node { get; set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        using (table.Lock.Enter())
        {
            set.LeaveLocked(this);
        }
    }
}
