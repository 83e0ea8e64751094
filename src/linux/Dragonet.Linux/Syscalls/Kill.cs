using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.Signals;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Sending signals.</summary>
internal static class Kill
{
    [Syscall(Nr.kill)]
    public static SysResult kill(Task task, int pid, int signal)
    {
        if (signal is < 0 or > Sig.Max)
        {
            return Errno.EINVAL;
        }

        var info = SigInfo.FromUser(signal, task);
        if (pid > 0)
        {
            return task.Jail.FindProcess(pid) is { } target ? SendChecked(task, target, info) : Errno.ESRCH;
        }

        var group = pid == 0 ? task.Process.Group : null;
        if (pid is not (0 or -1))
        {
            group = pid == int.MinValue ? null : task.Jail.FindGroup(-pid);
            if (group is null)
            {
                return Errno.ESRCH;
            }
        }

        Errno result = Errno.ESRCH;
        var sent = false;
        foreach (var process in task.Jail.VisibleProcesses)
        {
            if (group is null ? process == task.Process || process == task.Kernel.Init : process.Group != group)
            {
                continue;
            }

            var error = SendChecked(task, process, info);
            sent |= error == Errno.OK;
            result = error;
        }

        return sent ? Errno.OK : result;
    }

    [Syscall(Nr.tkill)]
    public static SysResult tkill(Task task, int tid, int signal)
        => tid <= 0 ? Errno.EINVAL : SendThread(task, null, tid, SigInfo.FromUser(signal, task) with { Code = -6 });

    [Syscall(Nr.tgkill)]
    public static SysResult tgkill(Task task, int pid, int tid, int signal)
        => pid <= 0 || tid <= 0 ? Errno.EINVAL : SendThread(task, pid, tid, SigInfo.FromUser(signal, task) with { Code = -6 });

    [Syscall(Nr.rt_sigqueueinfo)]
    public static SysResult rt_sigqueueinfo(Task task, int pid, int signal, UserPtr info)
    {
        if (!ReadInfo(task, info, signal, pid == task.Process.Pid, out var read, out var error))
        {
            return error;
        }

        return task.Jail.FindProcess(pid) is { } target ? SendChecked(task, target, read) : Errno.ESRCH;
    }

    [Syscall(Nr.rt_tgsigqueueinfo)]
    public static SysResult rt_tgsigqueueinfo(Task task, int pid, int tid, int signal, UserPtr info)
    {
        if (pid <= 0 || tid <= 0)
        {
            return Errno.EINVAL;
        }

        return ReadInfo(task, info, signal, pid == task.Process.Pid, out var read, out var error) ? SendThread(task, pid, tid, read) : error;
    }

    /// <summary>May the task signal this process? The real or effective uid must match the real or saved one (kill(2)).</summary>
    internal static bool MaySignal(Task task, Process target, int signal)
    {
        var mine = task.Credentials;
        var theirs = target.Leader.Credentials;
        return mine.Has(Capability.CAP_KILL, theirs.Namespace)
            || mine.EffectiveUid == theirs.Uid || mine.EffectiveUid == theirs.SavedUid || mine.Uid == theirs.Uid || mine.Uid == theirs.SavedUid
            || (signal == Sig.CONT && task.Process.Session == target.Session);
    }

    private static Errno SendChecked(Task task, Process target, in SigInfo info)
    {
        if (!MaySignal(task, target, info.Signal))
        {
            return Errno.EPERM;
        }

        return target.Send(info);
    }

    private static SysResult SendThread(Task task, int? pid, int tid, in SigInfo info)
    {
        if (info.Signal is < 0 or > Sig.Max)
        {
            return Errno.EINVAL;
        }

        if (task.Jail.FindTask(tid) is not { } target || (pid is { } group && target.Process.Pid != group))
        {
            return Errno.ESRCH;
        }

        return MaySignal(task, target.Process, info.Signal) ? target.Send(info) : Errno.EPERM;
    }

    private static bool ReadInfo(Task task, UserPtr address, int signal, bool self, out SigInfo info, out Errno error)
    {
        info = default;
        error = Errno.OK;
        Span<byte> bytes = stackalloc byte[SigInfoLayout.Size];
        if (task.Memory.Read(address.Address, bytes) != Errno.OK)
        {
            error = Errno.EFAULT;
            return false;
        }

        info = SigInfoLayout.Read(bytes);
        info = info with { Signal = signal, Uid = SigInfoLayout.ToKernel(task, info.Uid) };
        if (signal is < 0 or > Sig.Max)
        {
            error = Errno.EINVAL;
        }
        else if ((info.Code >= 0 || info.Code == -6) && !self)
        {
            // Nobody else may claim that the kernel or kill(2) sent it.
            error = Errno.EPERM;
        }

        return error == Errno.OK;
    }
}
