using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>A thread group: what users call a process. Links and exit state are guarded by <see cref="Kernel.TreeLock"/>.</summary>
public sealed partial class Process
{
    internal Process(Kernel kernel, int pid, Process? parent, SignalActions actions, Rlimits limits, Jail jail)
    {
        Kernel = kernel;
        Pid = pid;
        Parent = parent;
        Actions = actions;
        Limits = limits;
        Jail = jail;
        Ipc = jail.Ipc;
        StartTime = kernel.Clock.MonotonicNanoseconds;
    }

    /// <summary>The kernel it lives in.</summary>
    public Kernel Kernel { get; }

    /// <summary>The jail it was born into.</summary>
    public Jail Jail { get; }

    /// <summary>True until it is reaped.</summary>
    public bool IsListed => Kernel.Pids.FindProcess(Pid) == this;

    /// <summary>getpid(2).</summary>
    public int Pid { get; }

    /// <summary>getppid(2)'s process; null for the first one.</summary>
    public Process? Parent { get; internal set; }

    /// <summary>Children, living and zombie, in the order they were made. Guarded by the tree lock.</summary>
    internal List<Process> Children { get; } = [];

    /// <summary>Its tasks; the leader first while it lives. Guarded by the tree lock.</summary>
    internal List<Task> Tasks { get; } = [];

    /// <summary>A copy of the task list.</summary>
    public IReadOnlyList<Task> GetTasks()
    {
        using (Kernel.TreeLock.Enter())
        {
            return [.. Tasks];
        }
    }

    /// <summary>The first task, or the last one that exited.</summary>
    public Task Leader { get; internal set; } = null!;

    /// <summary>Its process group.</summary>
    public ProcessGroup Group { get; internal set; } = null!;

    /// <summary>Its session.</summary>
    public Session Session => Group.Session;

    /// <summary>The identity of its memory: the same object for processes that share their address space (vfork, CLONE_VM),
    /// a new one after exec. Private futexes are found by it.</summary>
    public object MemoryId { get; internal set; } = new();

    /// <summary>Signal dispositions; shared by CLONE_SIGHAND.</summary>
    public SignalActions Actions { get; internal set; }

    /// <summary>Resource limits.</summary>
    public Rlimits Limits { get; internal set; }

    /// <summary>Monotonic nanoseconds at the start.</summary>
    public long StartTime { get; }

    /// <summary>The program (for /proc/PID/exe).</summary>
    public VfsPath? Executable { get; internal set; }

    /// <summary>What exec laid out in memory, for /proc/PID/{cmdline,environ,stat,auxv,maps}.</summary>
    public ProgramLayout Layout { get; internal set; } = ProgramLayout.Empty;

    /// <summary>True once it execed since its fork (setpgid(2) asks).</summary>
    public bool HasExeced { get; internal set; }

    /// <summary>PR_SET_CHILD_SUBREAPER.</summary>
    public bool IsSubreaper { get; set; }

    /// <summary>PR_SET_DUMPABLE.</summary>
    public int Dumpable { get; set; } = 1;

    /// <summary>The user namespace that its program was started in: while it is not dumpable, rights there are needed to look into it.</summary>
    public UserNamespace? ProgramNamespace { get; internal set; }

    /// <summary>PR_SET_NO_NEW_PRIVS.</summary>
    public bool NoNewPrivileges { get; set; }

    /// <summary>Signal sent to it when its parent exits (PR_SET_PDEATHSIG), or 0.</summary>
    public int ParentDeathSignal { get; set; }

    /// <summary>Nice value, -20 to 19.</summary>
    public int Nice { get; private set; }

    /// <summary>setpriority(2). The host's threads follow as far as the host allows it: lower always, higher again hardly ever.</summary>
    public void SetNice(int nice)
    {
        using (Kernel.TreeLock.Enter())
        {
            Nice = nice;
            foreach (var task in Tasks)
            {
                task.Thread?.SetNice(nice);
            }
        }
    }

    /// <summary>A fork: the host's thread has inherited it.</summary>
    internal void InheritNice(int nice) => Nice = nice;

    /// <summary>oom_score_adj.</summary>
    public int OomScoreAdjust { get; set; }

    /// <summary>The user who logged in, whoever the process is now; all ones: nobody did.</summary>
    public uint LoginUid { get; private set; } = uint.MaxValue;

    /// <summary>The number of that login; all ones: there was none.</summary>
    public uint LoginSession { get; private set; } = uint.MaxValue;

    /// <summary>Somebody logs in; or nobody did after all.</summary>
    public void SetLogin(uint uid)
    {
        LoginUid = uid;
        LoginSession = uid == uint.MaxValue ? uint.MaxValue : Kernel.NextLogin();
    }

    internal void InheritLogin(Process origin) => (LoginUid, LoginSession) = (origin.LoginUid, origin.LoginSession);
}
