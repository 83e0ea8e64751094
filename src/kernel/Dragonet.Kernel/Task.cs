using Dragonet.Base;
using Dragonet.Platform;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>
/// A schedulable thread of a guest process (task_struct). System calls get it as their first argument; it is never found
/// through a static. Its own fields are touched by the thread that runs its call, but for what says otherwise.
/// </summary>
public sealed partial class Task : ICaller
{
    private ulong _robustList; // while the guest does not keep it by itself
    private volatile FsContext _fs;
    private volatile Credentials _credentials;
    private int _dead;

    internal Task(Process process, int tid, Credentials credentials, FdTable files, FsContext fs)
    {
        Process = process;
        Tid = tid;
        _credentials = credentials;
        Files = files;
        _fs = fs;
        _wait = new TaskWait(this);
    }

    /// <summary>The kernel it lives in.</summary>
    public Kernel Kernel => Process.Kernel;

    /// <summary>Its jail: what it sees of other processes.</summary>
    public Jail Jail => Process.Jail;

    /// <summary>True until it is gone.</summary>
    public bool IsListed => Kernel.Pids.FindTask(Tid) == this;

    /// <summary>Its thread group.</summary>
    public Process Process { get; }

    /// <summary>gettid(2).</summary>
    public int Tid { get; private set; }

    /// <summary>The platform's thread; replaced by exec.</summary>
    public VmThread Thread
    {
        get;
        internal set
        {
            field = value;
            TellIdentity();
        }
    } = null!;

    /// <summary>Its address space.</summary>
    public VmSpace Space => Thread.Space;

    /// <summary>Guest memory.</summary>
    public IUserMemory Memory => Thread.Memory;

    /// <summary>Its descriptors.</summary>
    public FdTable Files { get; internal set; }

    /// <summary>Its root, working directory and umask.</summary>
    public FsContext Fs
    {
        get => _fs;
        set
        {
            value.Join();
            var old = _fs;
            _fs = value;
            old.Leave();
        }
    }

    /// <summary>Who it is. Replaced as a whole.</summary>
    public Credentials Credentials
    {
        get => _credentials;
        set
        {
            _credentials = value;
            TellIdentity();
        }
    }

    /// <summary>comm: the first 15 bytes of the program's name, or what prctl(PR_SET_NAME) said.</summary>
    public string Name { get; set; } = "";

    /// <summary>Address to clear and wake at exit (set_tid_address(2)), or 0.</summary>
    public ulong ClearTid { get; set; }

    /// <summary>Head of the robust futex list (set_robust_list(2)), or 0.</summary>
    public ulong RobustList
    {
        get => Thread?.RobustList ?? _robustList;
        set
        {
            _robustList = value;
            Thread?.RobustList = null;
        }
    }

    /// <summary>True once the task has exited or been killed.</summary>
    public bool IsDead => Volatile.Read(ref _dead) != 0;

    /// <inheritdoc/>
    public uint Umask => Fs.Umask;

    /// <inheritdoc/>
    public ulong FileSizeLimit => Process.Limits[Rlimits.FileSize].Soft;

    /// <summary>Marks it dead.</summary>
    /// <returns>True for the caller that did it.</returns>
    internal bool MarkDead() => Interlocked.Exchange(ref _dead, 1) == 0;

    internal void TakeOverTid(int pid) => Tid = pid;

    internal void TellIdentity()
    {
        var who = _credentials;
        Thread?.SetIdentity(Process.Pid, Tid, who.ShownUid(who.Uid), who.ShownUid(who.EffectiveUid), who.ShownGid(who.Gid), who.ShownGid(who.EffectiveGid));
    }

    /// <summary>Interrupts guest code or a call that the host performs, so that it starts again.</summary>
    internal void RecheckFutex()
    {
        if (!IsDead && Volatile.Read(ref _state) == (int)TaskState.User)
        {
            Thread?.Interrupt();
        }
    }
}
