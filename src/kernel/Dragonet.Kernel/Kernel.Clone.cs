using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Kernel;

/// <summary>fork, vfork and clone.</summary>
public sealed partial class Kernel
{
    /// <summary>Clones the calling task, which is stopped in a full trap. The child runs at once with 0 as its result.</summary>
    /// <returns>The child; a caller with CLONE_VFORK waits for it.</returns>
    public Result<Task> Clone(Task caller, in CloneOptions options, Action<Task>? beforeStart = null)
    {
        var parent = caller.Process;
        var isThread = options.Has(CloneFlags.CLONE_THREAD);
        if (!isThread && !caller.Credentials.Has(Capability.CAP_SYS_RESOURCE) && !caller.Credentials.Has(Capability.CAP_SYS_ADMIN)
            && (ulong)CountOfUser(caller.Credentials.Uid) >= parent.Limits[Rlimits.Processes].Soft)
        {
            return Errno.EAGAIN;
        }

        var jail = parent.Jail;
        var files = options.Has(CloneFlags.CLONE_FILES) ? 0 : caller.Files.Count;
        if (!jail.TakeTask(!isThread, files, caller))
        {
            return Errno.EAGAIN;
        }

        if (!isThread && jail.Enter() != Errno.OK)
        {
            jail.GiveTask(process: true, files);
            return Errno.EAGAIN; // it is being killed
        }

        var result = Clone(caller, options, isThread, beforeStart);
        if (result.IsOk)
        {
            jail.Give(Resource.OpenFiles, files); // the copy of the table has them now
        }
        else
        {
            jail.GiveTask(!isThread, files);
            if (!isThread)
            {
                jail.Leave();
            }
        }

        return result;
    }

    private Result<Task> Clone(Task caller, in CloneOptions options, bool isThread, Action<Task>? beforeStart)
    {
        var parent = caller.Process;
        if (!PrepareNamespaces(caller, options).Ok(out var prepared, out var error))
        {
            return error;
        }

        if (!Pids.Allocate(options.WantedTid).Ok(out var tid, out error))
        {
            Abandon(prepared);
            return error;
        }

        var hostClears = Platform.HasNativeFutex && isThread && options.Has(CloneFlags.CLONE_CHILD_CLEARTID);
        var request = new CloneRequest
        {
            ShareMemory = options.Has(CloneFlags.CLONE_VM),
            SameProcess = isThread,
            IsAwaited = !isThread && parent.AwaitsNext(options),
            Tid = tid,
            LentMask = isThread && Trace is null ? caller.SignalMask : null,
            StackPointer = options.Stack,
            ThreadPointer = options.Has(CloneFlags.CLONE_SETTLS) ? options.Tls : null,
            ClearTid = hostClears ? options.ChildTid : 0,
        };
        if (isThread)
        {
            // Before the child begins, as clone(2) promises; it may run before Clone is back.
            WriteTids(caller.Memory, options, tid);
        }

        if (!caller.Thread.Clone(request).Ok(out var thread, out error))
        {
            Abandon(prepared);
            return error;
        }

        var process = isThread ? parent : ForkProcess(caller, tid, options);
        var files = options.Has(CloneFlags.CLONE_FILES) ? caller.Files.Share() : caller.Files.Copy();
        var fs = prepared?.Fs ?? (options.Has(CloneFlags.CLONE_FS) ? caller.Fs : caller.Fs.Copy());
        var child = new Task(process, tid, prepared?.Credentials ?? caller.Credentials, files, fs) { Thread = thread, Name = caller.Name };
        if (prepared is null)
        {
            child.Begin(caller.Mounts);
        }
        else
        {
            child.Begin(prepared);
        }

        child.InheritScheduling(caller);
        child.InheritSignals(caller, keepAltStack: !options.Has(CloneFlags.CLONE_VM) || options.Has(CloneFlags.CLONE_VFORK));
        if (options.Has(CloneFlags.CLONE_CHILD_CLEARTID) && !hostClears)
        {
            child.ClearTid = options.ChildTid;
        }

        if (!isThread)
        {
            process.Leader = child;
        }

        Register(process, child);
        child.AdoptLease();
        if (child.Credentials.Namespace is not null)
        {
            child.TellIdentity(); // a map may have been written before it could be found
        }

        if (parent.Jail.IsRemoved)
        {
            process.Terminate(Sig.KILL);
        }

        if (!isThread && process.Limits[Rlimits.Cpu].Soft != Rlimits.Infinity)
        {
            process.Timers.ArmCpuLimit();
        }

        if (!isThread)
        {
            WriteTids(caller.Memory, options with { Flags = options.Flags & ~CloneFlags.CLONE_CHILD_SETTID }, tid);
            WriteTids(child.Memory, options with { Flags = options.Flags & ~CloneFlags.CLONE_PARENT_SETTID }, tid);
        }

        beforeStart?.Invoke(child);
        child.LeaveKernel();
        thread.Resume(0);
        if (child.IsDead)
        {
            // Killed while it was being made (exit_group of another thread).
            thread.Space.Kill();
            child.ReleaseWhenIdle();
        }

        return child;
    }

    private Result<NamespaceSet?> PrepareNamespaces(Task caller, in CloneOptions options)
        => (options.Flags & CloneFlags.Namespaces) == 0 ? (NamespaceSet?)null
            : MakeNamespaces(caller, options.Flags).Ok(out var made, out var error) ? made : error;

    private void Abandon(NamespaceSet? prepared)
    {
        if (prepared is not null)
        {
            Namespaces.Drop(prepared.Credentials.Namespace);
            Namespaces.Drop(prepared.Mounts);
        }
    }

    /// <summary>An address that cannot be written is no error (clone(2)).</summary>
    private static void WriteTids(IUserMemory memory, in CloneOptions options, int tid)
    {
        if (options.Has(CloneFlags.CLONE_PARENT_SETTID))
        {
            _ = memory.Write(options.ParentTid, tid);
        }

        if (options.Has(CloneFlags.CLONE_CHILD_SETTID))
        {
            _ = memory.Write(options.ChildTid, tid);
        }
    }

    private Process ForkProcess(Task caller, int pid, in CloneOptions options)
    {
        var origin = caller.Process;
        var parent = options.Has(CloneFlags.CLONE_PARENT) ? origin.Parent! : origin;
        var actions = options.Has(CloneFlags.CLONE_SIGHAND) ? origin.Actions : origin.Actions.Copy();
        if (options.Has(CloneFlags.CLONE_CLEAR_SIGHAND))
        {
            actions = actions.CopyForExec();
        }

        var child = new Process(this, pid, parent, actions, origin.Limits.Copy(), origin.Jail)
        {
            Group = origin.Group,
            Executable = origin.Executable,
            Layout = origin.Layout,
            Dumpable = origin.Dumpable,
            NoNewPrivileges = origin.NoNewPrivileges,
            ProgramNamespace = origin.ProgramNamespace,
            OomScoreAdjust = origin.OomScoreAdjust,
            ExitSignal = options.Has(CloneFlags.CLONE_PARENT) ? origin.ExitSignal : options.ExitSignal,
        };
        child.InheritObjects(origin, options.Has(CloneFlags.CLONE_VM), options.Has(CloneFlags.CLONE_SYSVSEM));
        child.InheritLogin(origin);
        child.InheritNice(caller.ResetOnFork ? Math.Max(origin.Nice, 0) : origin.Nice);
        if (options.Has(CloneFlags.CLONE_VM))
        {
            child.MemoryId = origin.MemoryId;
        }

        using (TreeLock.Enter())
        {
            child.Group = origin.Group;
            origin.Group.Members.Add(child);
            parent.Children.Add(child);
        }

        return child;
    }

    private int CountOfUser(uint uid)
    {
        var count = 0;
        foreach (var process in Pids.Processes)
        {
            if (process != Init && process.Leader.Credentials.Uid == uid)
            {
                count += Math.Max(1, process.Tasks.Count);
            }
        }

        return count;
    }
}
