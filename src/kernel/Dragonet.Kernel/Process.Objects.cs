namespace Dragonet.Kernel;

/// <summary>Objects that belong to one process and end with it.</summary>
public sealed partial class Process
{
    private ProcessTimers? _timers;
    private SemaphoreUndo? _semaphoreUndo;

    /// <summary>Its System V objects.</summary>
    public IpcNamespace Ipc { get; }

    /// <summary>Shared memory that its address space has attached; the same object for processes that share their memory.</summary>
    public SegmentAttachments Segments { get; private set; } = new();

    /// <summary>What its end does to semaphores; made at first use.</summary>
    public SemaphoreUndo SemaphoreUndo
        => Volatile.Read(ref _semaphoreUndo) ?? Interlocked.CompareExchange(ref _semaphoreUndo, new SemaphoreUndo(), null) ?? _semaphoreUndo!;

    /// <summary>A fork: attachments are copied with the memory, or shared with it.</summary>
    internal void InheritObjects(Process origin, bool sharesMemory, bool sharesUndo)
    {
        RunText(origin.Text);
        Segments = sharesMemory ? origin.Segments : origin.Segments.Copy();
        _semaphoreUndo = sharesUndo ? origin.SemaphoreUndo.Share() : null;
    }

    /// <summary>What mlock(2) has locked: of this address space only, not inherited.</summary>
    public LockedRanges LockedMemory { get; private set; } = new();

    /// <summary>The file that it runs, which nobody may open for writing (execve(2), ETXTBSY).</summary>
    private Vfs.Inode? Text { get; set; }

    /// <summary>Exec: it runs another file now. ETXTBSY was looked for when that was opened.</summary>
    internal void RunText(Vfs.Inode? inode)
    {
        inode?.AddRunner();
        Text?.DropRunner();
        Text = inode;
    }

    /// <summary>Exec: the address space goes, unless somebody else has it too.</summary>
    internal void LeaveSegments(bool shared)
    {
        var old = Segments;
        Segments = new SegmentAttachments();
        LockedMemory = new LockedRanges();
        if (!shared && !old.IsEmpty)
        {
            Ipc.Detach(this, old);
        }
    }

    /// <summary>Its timers; made at first use.</summary>
    public ProcessTimers Timers => Volatile.Read(ref _timers) ?? Interlocked.CompareExchange(ref _timers, new ProcessTimers(this), null) ?? _timers!;

    /// <summary>Exec: what does not survive it.</summary>
    public void ResetObjectsForExec() => Volatile.Read(ref _timers)?.DeleteAll();

    /// <summary>The process has ended: nothing of it may happen later.</summary>
    internal void ReleaseObjects()
    {
        Volatile.Read(ref _timers)?.StopAll();
        Volatile.Read(ref _semaphoreUndo)?.Leave(Ipc, Pid);
        RunText(null);
        LeaveSegments(!Segments.IsEmpty && SharesMemory);
    }

    /// <summary>Counts expirations of a POSIX timer whose signal is still pending.</summary>
    /// <returns>False when it is not pending: it is to be sent.</returns>
    internal bool AddTimerOverruns(Task? target, int signal, int timerId, long count)
    {
        using (Kernel.TreeLock.Enter())
        {
            return (target?.Pending ?? Pending).AddOverruns(signal, timerId, count);
        }
    }
}
