using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Making, ending and naming processes.</summary>
internal static class Processes
{
    [Syscall(Nr.fork)]
    public static SysResult fork(Task task) => Run(task, new CloneOptions(CloneFlags.None, Sig.CHLD, 0, 0, 0, 0));

    [Syscall(Nr.vfork)]
    public static SysResult vfork(Task task) => Run(task, new CloneOptions(CloneFlags.CLONE_VM | CloneFlags.CLONE_VFORK, Sig.CHLD, 0, 0, 0, 0));

    [Syscall(Nr.clone)]
    public static SysResult clone(Task task, ulong flags, UserPtr stack, UserPtr parentTid, UserPtr childTid, ulong tls)
        => Run(task, new CloneOptions((CloneFlags)(flags & 0xffff_ff00), (int)(flags & 0xff), stack.Address, parentTid.Address, childTid.Address, tls));

    [Syscall(Nr.clone3)]
    public static SysResult clone3(Task task, UserPtr arguments, ulong size)
    {
        if (size > 4096)
        {
            return Errno.E2BIG;
        }

        if (size < 64)
        {
            return Errno.EINVAL;
        }

        // struct clone_args: flags pidfd child_tid parent_tid exit_signal stack stack_size tls set_tid set_tid_size cgroup
        Span<byte> bytes = stackalloc byte[(int)size];
        if (task.Memory.Read(arguments.Address, bytes) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        Span<ulong> words = stackalloc ulong[11];
        words.Clear();
        var known = Math.Min((int)size, 88) / 8;
        for (var i = 0; i < known; i++)
        {
            words[i] = BitConverter.ToUInt64(bytes[(i * 8)..]);
        }

        if (size > 88 && bytes[88..].ContainsAnyExcept((byte)0))
        {
            return Errno.E2BIG;
        }

        var flags = (CloneFlags)words[0];
        const ulong knownFlags = 0x3_ffff_ffff; // up to CLONE_INTO_CGROUP
        var (wantedTids, levels) = (words[8], words[9]);
        if (levels > 32 || (wantedTids == 0) != (levels == 0) || words[4] > Sig.Max)
        {
            return Errno.EINVAL;
        }

        // One number for each pid name space, the innermost first.
        var wanted = 0;
        if (levels != 0 && task.Memory.Read(wantedTids, out wanted) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        if ((words[0] & ~knownFlags) != 0 || (words[0] & 0x7f) != 0 || (words[5] == 0) != (words[6] == 0)
            || (flags & (CloneFlags.CLONE_SIGHAND | CloneFlags.CLONE_CLEAR_SIGHAND)) == (CloneFlags.CLONE_SIGHAND | CloneFlags.CLONE_CLEAR_SIGHAND)
            || (words[4] != 0 && (flags & (CloneFlags.CLONE_THREAD | CloneFlags.CLONE_PARENT)) != 0) || (flags & CloneFlags.CLONE_DETACHED) != 0)
        {
            return Errno.EINVAL;
        }

        if (levels > 1 || (levels == 1 && wanted is < 1 or >= PidTable.Max))
        {
            return Errno.EINVAL;
        }

        if (levels == 1 && !task.Credentials.Has(Capability.CAP_CHECKPOINT_RESTORE) && !task.Credentials.Has(Capability.CAP_SYS_ADMIN))
        {
            return Errno.EPERM;
        }

        var pidFd = (flags & CloneFlags.CLONE_PIDFD) != 0 ? words[1] : 0;
        return Run(task, new CloneOptions(flags, (int)words[4], words[5] == 0 ? 0 : words[5] + words[6], words[3], words[2], words[7]) { WantedTid = wanted }, pidFd);
    }

    private static SysResult Run(Task task, in CloneOptions options, ulong pidFdAddress = 0)
    {
        if (task.CallState is Task waiting)
        {
            return VforkWait(task, waiting);
        }

        var flags = options.Flags;
        if (((flags & CloneFlags.CLONE_THREAD) != 0 && (flags & CloneFlags.CLONE_SIGHAND) == 0)
            || ((flags & CloneFlags.CLONE_SIGHAND) != 0 && (flags & CloneFlags.CLONE_VM) == 0)
            || ((flags & CloneFlags.CLONE_CLEAR_SIGHAND) != 0 && (flags & CloneFlags.CLONE_SIGHAND) != 0)
            || ((flags & (CloneFlags.CLONE_NEWNS | CloneFlags.CLONE_FS)) == (CloneFlags.CLONE_NEWNS | CloneFlags.CLONE_FS))
            || ((flags & CloneFlags.CLONE_NEWUSER) != 0 && (flags & (CloneFlags.CLONE_FS | CloneFlags.CLONE_THREAD)) != 0))
        {
            return Errno.EINVAL;
        }

        if ((flags & ~Namespaces.Known & CloneFlags.Namespaces) != 0)
        {
            return Namespaces.RefuseKind(task, flags);
        }

        if ((flags & CloneFlags.CLONE_INTO_CGROUP) != 0)
        {
            return Errno.EOPNOTSUPP;
        }

        var wantsPidFd = (flags & CloneFlags.CLONE_PIDFD) != 0;
        if (wantsPidFd && pidFdAddress == 0)
        {
            pidFdAddress = options.ParentTid;
        }

        var cloned = task.Kernel.Clone(task, options, child =>
        {
            if (wantsPidFd)
            {
                PidFiles.Publish(task, child, pidFdAddress);
            }
        });
        if (!cloned.Ok(out var made, out var error))
        {
            return error;
        }

        if ((flags & CloneFlags.CLONE_VFORK) == 0)
        {
            return made.Tid;
        }

        task.CallState = made;
        return VforkWait(task, made);
    }

    /// <summary>The parent waits until the child has its own memory or is gone (vfork(2)).</summary>
    private static SysResult VforkWait(Task task, Task child)
        => child.Process.HasExeced || child.Process.IsExiting || child.Process.IsZombie ? child.Tid : task.WaitOn(child.Process.Changed, RestartKind.Killable);

    [Syscall(Nr.exit)]
    public static SysResult exit(Task task, int status) => task.Exit((status & 0xff) << 8);

    [Syscall(Nr.exit_group)]
    public static SysResult exit_group(Task task, int status)
    {
        task.Process.BeginExit((status & 0xff) << 8);
        return SysResult.NoReturn;
    }

    [Syscall(Nr.getpid)]
    public static SysResult getpid(Task task) => task.Process.Pid;

    [Syscall(Nr.gettid)]
    public static SysResult gettid(Task task) => task.Tid;

    [Syscall(Nr.getppid)]
    public static SysResult getppid(Task task) => task.Process.Parent?.Pid ?? 0;

    [Syscall(Nr.getpgrp)]
    public static SysResult getpgrp(Task task) => task.Process.Group.Id;

    [Syscall(Nr.getpgid)]
    public static SysResult getpgid(Task task, int pid) => Find(task, pid) is { } process ? process.Group.Id : Errno.ESRCH;

    [Syscall(Nr.getsid)]
    public static SysResult getsid(Task task, int pid) => Find(task, pid) is { } process ? process.Session.Id : Errno.ESRCH;

    [Syscall(Nr.setsid)]
    public static SysResult setsid(Task task) => SysResult.From(task.Process.CreateSession());

    [Syscall(Nr.setpgid)]
    public static SysResult setpgid(Task task, int pid, int group)
    {
        if (group < 0)
        {
            return Errno.EINVAL;
        }

        return Find(task, pid) is { } process ? process.SetGroup(task.Process, group == 0 ? process.Pid : group) : Errno.ESRCH;
    }

    private static Process? Find(Task task, int pid) => pid == 0 ? task.Process : task.Jail.FindTask(pid)?.Process ?? task.Jail.FindProcess(pid);
}
