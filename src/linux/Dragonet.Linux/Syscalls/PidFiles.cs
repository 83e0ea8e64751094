using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.Signals;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Processes as files (pidfd_open(2)). A pidfd can be polled, waited for and signalled.</summary>
internal static class PidFiles
{
    /// <summary>PIDFD_THREAD, the same bit as O_EXCL.</summary>
    private const OpenFlags Thread = OpenFlags.O_EXCL;
    private const uint SignalThread = 1;
    private const uint SignalGroup = 2;
    private const uint SignalProcessGroup = 4;

    /// <summary>SI_TKILL.</summary>
    private const int TkillCode = -6;

    [Syscall(Nr.pidfd_open)]
    public static SysResult pidfd_open(Task task, int pid, OpenFlags flags)
    {
        if ((flags & ~(OpenFlags.O_NONBLOCK | Thread)) != 0 || pid <= 0)
        {
            return task.Fail(Errno.EINVAL, "pid or unknown flag");
        }

        var found = task.Jail.FindTask(pid);
        var process = task.Jail.FindProcess(pid) ?? found?.Process;
        if (process is null)
        {
            return Errno.ESRCH;
        }

        if ((flags & Thread) == 0 && process.Pid != pid)
        {
            return task.Fail(Errno.EINVAL, "no thread group leader");
        }

        var file = new PidFile(process, (flags & Thread) != 0 ? found : null, OpenFlags.O_RDWR | (flags & OpenFlags.O_NONBLOCK));
        return task.Install(file, closeOnExec: true);
    }

    [Syscall(Nr.pidfd_send_signal)]
    public static SysResult pidfd_send_signal(Task task, Fd pidfd, int signal, UserPtr info, uint flags)
    {
        if (flags is not (0 or SignalThread or SignalGroup or SignalProcessGroup) || (uint)signal > Sig.Max)
        {
            return task.Fail(Errno.EINVAL, "signal or flags");
        }

        if (!task.Files.Get(pidfd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        var thread = (file as PidFile)?.Thread;
        if ((file is PidFile named ? named.Process : (file.Inode as IProcessPlace)?.Process) is not { } target)
        {
            return Errno.EBADF;
        }

        var sent = SigInfo.FromUser(signal, task);
        if (!info.IsNull)
        {
            Span<int> raw = stackalloc int[8]; // signo, errno, code, pad, pid, uid, value
            error = task.Memory.ReadArray(info.Address, raw);
            if (error != Errno.OK)
            {
                return error;
            }

            if (raw[0] != signal)
            {
                return Errno.EINVAL;
            }

            // Only the kernel itself may claim to be the kernel or kill(2) (rt_sigqueueinfo(2)).
            if (raw[2] is >= 0 or TkillCode && target != task.Process)
            {
                return Errno.EPERM;
            }

            sent = sent with { Errno = raw[1], Code = raw[2], Pid = raw[4], Uid = SigInfoLayout.ToKernel(task, (uint)raw[5]), Value = (uint)raw[6] | (ulong)(uint)raw[7] << 32 };
        }

        if (!target.IsListed || !task.Jail.Sees(target))
        {
            return Errno.ESRCH;
        }

        if (flags == SignalProcessGroup)
        {
            return MaySignal(task, target, signal) ? task.Kernel.SendGroup(target.Group, sent) : Errno.EPERM;
        }

        if (!MaySignal(task, target, signal))
        {
            return Errno.EPERM;
        }

        return thread is not null && flags != SignalGroup ? thread.Send(sent)
            : flags == SignalThread ? target.Leader.Send(sent) : target.Send(sent);
    }

    /// <summary>The permission rule of kill(2).</summary>
    private static bool MaySignal(Task task, Process target, int signal)
    {
        var (mine, theirs) = (task.Credentials, target.Leader?.Credentials);
        return theirs is null || target == task.Process
            || mine.EffectiveUid == theirs.Uid || mine.EffectiveUid == theirs.SavedUid || mine.Uid == theirs.Uid || mine.Uid == theirs.SavedUid
            || mine.Has(Capability.CAP_KILL, theirs.Namespace)
            || (signal == Sig.CONT && target.Session == task.Process.Session);
    }

    [Syscall(Nr.pidfd_getfd)]
    public static SysResult pidfd_getfd(Task task, Fd pidfd, int target, uint flags)
    {
        if (flags != 0)
        {
            return Errno.EINVAL;
        }

        if (!task.Files.Get(pidfd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        if (file is not PidFile { Process: var process, IsReaped: var isReaped })
        {
            return Errno.EBADF;
        }

        if (isReaped || process.IsZombie || !task.Jail.Sees(process) || process == process.Kernel.Init)
        {
            return Errno.ESRCH;
        }

        if (!TraceAccess.MayAttach(task, process))
        {
            return Errno.EPERM;
        }

        if (!process.Leader.Files.GetAny(target).Ok(out var found, out error))
        {
            return error;
        }

        found.AddReference();
        return task.Install(found, closeOnExec: true);
    }

    /// <summary>clone(2) with CLONE_PIDFD: a descriptor for the child, its number written to the caller's memory.</summary>
    internal static void Publish(Task task, Task child, ulong address)
    {
        var file = new PidFile(child.Process, null, OpenFlags.O_RDWR);
        if (task.InstallFile(file, closeOnExec: true).Ok(out var fd, out _))
        {
            _ = task.Memory.Write(address, fd);
        }
    }

    /// <summary>The process behind a pidfd, for waitid(2) with P_PIDFD.</summary>
    internal static Result<Process> Target(Task task, int fd)
    {
        if (!task.Files.Get(fd).Ok(out var file, out var error))
        {
            return error;
        }

        return file is PidFile pidFile ? pidFile.Process : Errno.EBADF;
    }
}
