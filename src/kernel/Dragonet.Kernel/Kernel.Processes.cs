using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Kernel;

/// <summary>Making and ending processes.</summary>
public sealed partial class Kernel
{
    private long _forks;
    private uint _logins;

    /// <summary>The number of one more login (/proc/PID/sessionid).</summary>
    internal uint NextLogin() => Interlocked.Increment(ref _logins);

    /// <summary>Makes the first process of a program started from outside: in a session of its own, child of init.
    /// It has no program yet: exec gives it one.</summary>
    /// <param name="credentials">Who it is.</param>
    /// <param name="files">Its descriptors.</param>
    /// <param name="fs">Its root, in the mounts of its jail.</param>
    /// <param name="jail">Where it is born; null for jail 0.</param>
    /// <returns>ENOENT when the jail is removed; EAGAIN when there are too many.</returns>
    public Result<Task> CreateProcess(Credentials credentials, FdTable files, FsContext fs, Jail? jail = null)
    {
        jail ??= Jails.Root;
        credentials = jail.Bind(credentials);
        var error = jail.Enter();
        if (error != Errno.OK)
        {
            return error;
        }

        if (!jail.TakeTask(newProcess: true, files: 0, caller: null))
        {
            jail.Leave();
            return Errno.EAGAIN;
        }

        if (!Pids.Allocate().Ok(out var pid, out error))
        {
            jail.GiveTask(process: true, files: 0);
            jail.Leave();
            return error;
        }

        var process = new Process(this, pid, Init, new SignalActions(), new Rlimits(), jail);
        var session = new Session(pid, process);
        var group = new ProcessGroup(pid, session);
        process.Group = group;
        var task = new Task(process, pid, credentials, files, fs);
        task.Begin(jail.Mounts);
        process.Leader = task;
        using (TreeLock.Enter())
        {
            group.Members.Add(process);
            Init.Children.Add(process);
        }

        Pids.Add(session);
        Pids.Add(group);
        task.IsStarting = true;
        Register(process, task);
        if (jail.IsRemoved)
        {
            process.Terminate(Sig.KILL);
        }

        return task;
    }

    /// <summary>A process started from outside has its program, or has not got one: one that was killed before it ran gives back what it holds.</summary>
    public void FinishStart(Task task)
    {
        if (task.IsStarting && task.IsDead)
        {
            task.Release();
        }

        Drain();
    }

    /// <summary>Makes a child process or a thread out of a cloned platform thread. Nothing runs before the caller resumes it.</summary>
    internal void Register(Process process, Task task)
    {
        process.AddTask(task);
        if (task.Thread is { } thread)
        {
            thread.Owner = task;
            thread.Space.Owner = process;
        }

        if (process.Leader == task)
        {
            // Only now can it be killed: who makes it looks afterwards whether the jail was removed meanwhile.
            using (TreeLock.Enter())
            {
                process.Jail.AddLocked(process);
            }
        }

        if (process.Leader == task)
        {
            Pids.Add(process);
        }

        Pids.Add(task);
        _ = Interlocked.Increment(ref _forks);
        process.Jail.CountFork();
    }

    /// <summary>Every task of a process has given back what it held.</summary>
    internal void OnProcessEnd(Process process)
    {
        process.ReleaseObjects();
        List<(Process Child, int Signal)> orphans = [];
        var reap = false;
        SigInfo? notice = null;
        Process parent;
        List<ProcessGroup> hangUps = [];
        IControllingTerminal? terminal = null;
        using (TreeLock.Enter())
        {
            process.BecomeZombieLocked();
            parent = process.Parent!;
            var heir = HeirLocked(process);
            foreach (var child in process.Children)
            {
                child.Parent = heir;
                heir.Children.Add(child);
                if (child.ParentDeathSignal != 0)
                {
                    orphans.Add((child, child.ParentDeathSignal));
                }

                if (child.Group != process.Group && child.Session == process.Session && IsOrphanedLocked(child.Group, null) && HasStoppedLocked(child.Group))
                {
                    hangUps.Add(child.Group);
                }

                if (child.IsZombie && heir == Init)
                {
                    orphans.Add((child, -1));
                }
            }

            process.Children.Clear();
            if (process.Group is { } own && parent.Group != own && parent.Session == own.Session && IsOrphanedLocked(own, process) && HasStoppedLocked(own))
            {
                hangUps.Add(own);
            }

            if (process.Session.Leader == process)
            {
                terminal = process.Session.Terminal;
                process.Session.Terminal = null;
                process.Session.Leader = null;
            }

            var action = parent.Actions[Sig.CHLD];
            reap = parent == Init
                || (process.ExitSignal == Sig.CHLD && (action.IsIgnored || (action.Flags & Sig.NoChildWait) != 0));
            // clone(2) takes any low byte; one that is no signal tells nobody.
            if (process.ExitSignal is > 0 and <= Sig.Max && parent != Init)
            {
                var signaled = (process.ExitStatus & 0x7f) != 0;
                var info = process.ChildInfo(signaled ? 2 : 1, signaled ? process.ExitStatus & 0x7f : process.ExitStatus >> 8); // CLD_KILLED, CLD_EXITED
                notice = info with { Signal = process.ExitSignal };
            }
        }

        terminal?.Disassociate();
        foreach (var group in hangUps)
        {
            SendGroup(group, SigInfo.FromKernel(Sig.HUP));
            SendGroup(group, SigInfo.FromKernel(Sig.CONT));
        }

        foreach (var (child, signal) in orphans)
        {
            if (signal < 0)
            {
                Reap(child);
            }
            else
            {
                _ = child.Send(SigInfo.FromKernel(signal));
            }
        }

        if (notice is { } toSend)
        {
            _ = parent.Send(toSend);
        }

        if (reap)
        {
            Reap(process);
        }

        _ = parent.ChildChanged.Wake();
        _ = process.Changed.Wake();
        ProcessEnded?.Invoke(process);
    }

    /// <summary>Told about every process that has ended, with no lock held.</summary>
    public event Action<Process>? ProcessEnded;

    /// <summary>Told about every process that a job-control signal stopped, with no lock held.</summary>
    public event Action<Process>? ProcessStopped;

    /// <summary>
    /// Told about every process, and every thread that is not its first, whose number means nobody any more, with no lock of the kernel's
    /// own held: what is remembered under that number is to be forgotten.
    /// </summary>
    public event Action<Process, int>? NumberFreed;

    internal void OnNumberFreed(Process process, int number) => NumberFreed?.Invoke(process, number);

    internal void OnProcessStopped(Process process) => ProcessStopped?.Invoke(process);

    /// <summary>Removes a zombie for good.</summary>
    internal void Reap(Process process)
    {
        using (TreeLock.Enter())
        {
            if (process.Parent is not { } parent || !parent.Children.Remove(process))
            {
                return;
            }

            var (user, system) = process.FinalTime;
            parent.ChildrenTime = (parent.ChildrenTime.User + user + process.ChildrenTime.User, parent.ChildrenTime.System + system + process.ChildrenTime.System);
            parent.ChildrenPeak.Add(process.PastPeak);
            parent.ChildrenPeak.Add(process.ChildrenPeak);
            LeaveGroupLocked(process);
        }

        Pids.RemoveProcess(process.Pid);
        OnNumberFreed(process, process.Pid);
        _ = process.Changed.Wake();
        process.Jail.Processes.Give(1);
        process.Jail.Remove(process);
    }

    /// <summary>Sends to every member of a group.</summary>
    /// <returns>ESRCH when it has no member.</returns>
    public Errno SendGroup(ProcessGroup group, in SigInfo info)
    {
        Process[] members;
        using (TreeLock.Enter())
        {
            members = [.. group.Members];
        }

        var sent = Errno.ESRCH;
        foreach (var member in members)
        {
            _ = member.Send(info);
            sent = Errno.OK;
        }

        return sent;
    }

    internal void LeaveGroupLocked(Process process)
    {
        var group = process.Group;
        _ = group.Members.Remove(process);
        if (group.Members.Count == 0)
        {
            Pids.RemoveGroup(group);
            if (!AnyInSessionLocked(group.Session))
            {
                Pids.RemoveSession(group.Session);
            }
        }
    }

    private bool AnyInSessionLocked(Session session)
    {
        foreach (var process in Pids.Processes)
        {
            if (process.Group.Session == session && process.Group.Members.Contains(process))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True when no member has a living parent in the same session but another group (setpgid(2), "orphaned process group").</summary>
    internal bool IsOrphanedLocked(ProcessGroup group, Process? ignored)
    {
        foreach (var member in group.Members)
        {
            if (member == ignored || member.IsZombie || member.Parent is not { } parent || (parent == Init && group.Session != Init.Session))
            {
                continue;
            }

            if (parent.Group != group && parent.Session == group.Session)
            {
                return false;
            }
        }

        return true;
    }

    private static bool HasStoppedLocked(ProcessGroup group)
    {
        foreach (var member in group.Members)
        {
            if (member.IsStopped)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Who adopts the children: the nearest living ancestor that is a subreaper, else init (prctl(2)).</summary>
    private Process HeirLocked(Process process)
    {
        for (var ancestor = process.Parent; ancestor is not null; ancestor = ancestor.Parent)
        {
            if (ancestor.IsSubreaper && !ancestor.IsExiting && !ancestor.IsZombie)
            {
                return ancestor;
            }
        }

        return Init;
    }
}
