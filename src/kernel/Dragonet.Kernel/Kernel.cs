using System.Collections.Concurrent;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Memory;
using Dragonet.Platform;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>
/// One virtual kernel. There is no static state: a host process may hold many of them. Entry points are
/// <see cref="ITrapHandler"/> (the platform brings traps), the timer queue, and the management side.
/// </summary>
public sealed partial class Kernel : ITrapHandler, IDisposable
{
    private int _disposed;

    public Kernel(IPlatform platform, Personality personality, IKernelClock clock)
    {
        Platform = platform;
        Personality = personality;
        Clock = clock;
        HostProcessors = ProcessorSet.Of(platform.Processors);
        Processors = HostProcessors;
        Timers = new TimerQueue(clock, Drain);
        PromptTimers = new PromptTimers(this, Drain);
        Log = new KernelLog(clock);
        MemoryWatch = new MemoryWatch(this);
        CpuShares = new CpuShares(this);
        Vfs = new VirtualFileSystem(() => clock.RealtimeNanoseconds) { OpenFifo = FifoFiles.Open };
        UtsSlot = JailSlots.Add("host name", 10, static _ => new UtsName());
        IpcSlot = JailSlots.Add("IPC objects", 20, jail => IpcNamespace.Of(this, (Jail)jail), static ipc => ipc.End());
        UnixNamesSlot = JailSlots.Add("abstract UNIX names", 30, static _ => new UnixNames());
        Rules = new ResourceRules(this);
        Jails = new Jails(this);
        var init = new Process(this, 1, null, new SignalActions(), new Rlimits(), Jails.Root);
        var session = new Session(1, init);
        var group = new ProcessGroup(1, session);
        group.Members.Add(init);
        init.Group = group;
        Init = init;
        _ = Pids.Allocate();
        Pids.Add(session);
        Pids.Add(group);
        Pids.Add(init);
    }

    /// <summary>The platform it runs on.</summary>
    public IPlatform Platform { get; }

    /// <summary>The ABI it shows.</summary>
    public Personality Personality { get; }

    /// <summary>Its time.</summary>
    public IKernelClock Clock { get; }

    /// <summary>What happens later.</summary>
    public TimerQueue Timers { get; }

    /// <summary>What must not happen later than it should.</summary>
    internal PromptTimers PromptTimers { get; }

    /// <summary>Monotonic nanoseconds that count as the boot: 0, because guests read the host's CLOCK_BOOTTIME through the vDSO and
    /// /proc/uptime must agree with it.</summary>
    public long BootTime => 0;

    /// <summary>Guards the process tree, signal state and exit state.</summary>
    public KernelLock TreeLock { get; } = new(LockRank.ProcessTree);

    /// <summary>Numbers of tasks, processes, groups and sessions.</summary>
    public PidTable Pids { get; } = new();

    /// <summary>Process 1: lives in the kernel, adopts orphans and reaps them at once.</summary>
    public Process Init { get; }

    /// <summary>Files: types, devices, path walks.</summary>
    public VirtualFileSystem Vfs { get; }

    /// <summary>Sees every call, when somebody traces.</summary>
    public ITrace? Trace { get; set; }

    /// <summary>Host name and domain name of jail 0, uname(2).</summary>
    public UtsName Uts => Jails.Root.Uts;

    /// <summary>Processors that guests see, by the host's numbers: guest code learns those from the host (rseq(2), the vDSO).</summary>
    public ProcessorSet Processors { get; init; }

    /// <summary>Processors that the host lets guests use.</summary>
    public ProcessorSet HostProcessors { get; }

    /// <summary>Bytes of memory that guests may use in all (-m).</summary>
    public long MemoryLimit { get; init; } = 2L << 30;

    /// <summary>Is set by every system call that gets here; null when nobody wants to know.</summary>
    public ActivityMark? Activity { get; init; }

    /// <summary>Sees to it that they do not use more.</summary>
    public MemoryWatch MemoryWatch { get; }

    /// <summary>Divides processors between jails.</summary>
    internal CpuShares CpuShares { get; }

    /// <summary>dmesg(1).</summary>
    public KernelLog Log { get; }

    /// <summary>Bytes that wait in pipes and sockets: a quarter of the memory at most, since nobody's process size shows them.</summary>
    public MemoryAccount Buffers => Volatile.Read(ref field) ?? Interlocked.CompareExchange(ref field, new MemoryAccount(MemoryLimit / 4), null) ?? field;

    /// <summary>Forks since boot (/proc/stat).</summary>
    public long Forks => Interlocked.Read(ref _forks);

    /// <summary>Calls that may continue.</summary>
    internal ConcurrentQueue<Task> Ready { get; } = new();

    /// <summary>Gives the kernel its file tree; once, before the first program.</summary>
    public void SetRoot(MountNamespace mounts)
    {
        Jails.Root.Mounts = mounts;
        var fs = new FsContext(mounts.Root, mounts.Root, 0x12);
        var leader = new Task(Init, Init.Pid, Credentials.Root, new FdTable(Jails.Root), fs) { Name = "init" };
        leader.Begin(mounts);
        Init.Leader = leader;
        Init.Tasks.Add(leader);
        Pids.Add(leader);
    }

    /// <summary>The file tree of jail 0.</summary>
    public MountNamespace Mounts => Jails.Root.Mounts;

    /// <summary>Runs every call that was woken. Whoever may have woken somebody calls this when it holds no lock.</summary>
    public void Drain() => Drain(beside: false);

    /// <summary>Runs every call that was woken.</summary>
    /// <param name="beside">Where a processor is idle others run them: who was woken by much data will be busy with it, while the one it came
    /// from goes on. Else one thread follows the other on the caller's processor, which is the quickest way to hand over a little.</param>
    private void Drain(bool beside)
    {
        while (true)
        {
            if (Marked.TryDequeue(out var notifier))
            {
                notifier.Run();
            }
            else if (_deferred.TryDequeue(out var action))
            {
                action();
            }
            else if (!Ready.TryDequeue(out var task))
            {
                return;
            }
            else if (!beside || !Platform.TryRunBeside(task.GoOn))
            {
                Continue(task);
                beside |= task.MovedMuch;
            }
        }
    }

    /// <summary>On a thread of its own: runs a call that was woken, and whom that wakes.</summary>
    internal void RunBeside(Task task)
    {
        Continue(task);
        Drain(task.MovedMuch);
    }

    private void Continue(Task task)
    {
        try
        {
            task.Continue();
        }
        catch (Exception bug) when (ReportOops(task, bug))
        {
            task.Process.Terminate(Sig.KILL);
            task.Release();
        }
    }

    /// <inheritdoc/>
    public void OnSystemCall(VmThread thread, in SystemCall call)
    {
        if (thread.Owner is not Task task)
        {
            thread.Resume(-(long)Errno.ENOSYS);
            return;
        }

        Activity?.Set();
        try
        {
            task.Begin(call);
        }
        catch (Exception bug) when (ReportOops(task, bug))
        {
            task.Process.Terminate(Sig.KILL);
            task.Release();
        }

        Drain(task.MovedMuch);
    }

    /// <inheritdoc/>
    public void OnTrap(VmThread thread, in Trap trap)
    {
        if (thread.Owner is not Task task)
        {
            thread.Resume(0);
            return;
        }

        try
        {
            task.BeginTrap(trap);
        }
        catch (Exception bug) when (ReportOops(task, bug))
        {
            task.Process.Terminate(Sig.KILL);
            task.Release();
        }

        Drain();
    }

    /// <inheritdoc/>
    public void OnStillborn(VmThread thread) => (thread.Owner as Task)?.Vanish();

    /// <inheritdoc/>
    public void OnDeath(VmSpace space, int signal)
    {
        if (space.Owner is Process process)
        {
            process.BeginExit(signal == 0 ? Sig.KILL : signal & 0x7f);
            Drain();
        }
    }

    /// <summary>Ends every process, then the platform.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        foreach (var process in Pids.Processes)
        {
            if (process != Init)
            {
                process.Terminate(Sig.KILL);
            }
        }

        Drain();
        Timers.Dispose();
        PromptTimers.Dispose();
        Platform.Dispose();
    }
}
