using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Waiting for children.</summary>
internal static class Wait
{
    [Syscall(Nr.wait4)]
    public static SysResult wait4(Task task, int pid, UserPtr status, WaitOptions options, UserPtr usage)
    {
        const WaitOptions known = WaitOptions.NoHang | WaitOptions.Stopped | WaitOptions.Continued | WaitOptions.NoThread | WaitOptions.All | WaitOptions.Clone;
        if ((options & ~known) != 0)
        {
            return Errno.EINVAL;
        }

        if (pid == int.MinValue)
        {
            return Errno.ESRCH;
        }

        var group = pid == 0 ? task.Process.Group.Id : -pid;
        Func<Process, bool> matches = pid == -1 ? static _ => true : pid > 0 ? child => child.Pid == pid : child => child.Group.Id == group;
        if (!task.Process.FindChanged(matches, options | WaitOptions.Exited).Ok(out var report, out var error))
        {
            return error;
        }

        if (report is null)
        {
            return (options & WaitOptions.NoHang) != 0 ? 0 : task.WaitOn(task.Process.ChildChanged);
        }

        if (!status.IsNull && task.Memory.Write(status.Address, report.Status) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        if (!usage.IsNull && Usage.Write(task, usage, Usage.OfReaped(report.Process)) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        return report.Process.Pid;
    }

    [Syscall(Nr.waitid)]
    public static SysResult waitid(Task task, int type, int id, UserPtr info, WaitOptions options, UserPtr usage)
    {
        const WaitOptions known = WaitOptions.NoHang | WaitOptions.NoWait | WaitOptions.Exited | WaitOptions.Stopped | WaitOptions.Continued
            | WaitOptions.NoThread | WaitOptions.All | WaitOptions.Clone;
        if ((options & ~known) != 0 || (options & (WaitOptions.Exited | WaitOptions.Stopped | WaitOptions.Continued)) == 0)
        {
            return Errno.EINVAL;
        }

        Func<Process, bool> matches;
        var mayWait = true;
        switch (type)
        {
            case 0: // P_ALL
                matches = static _ => true;
                break;
            case 1: // P_PID
                if (id <= 0)
                {
                    return Errno.EINVAL;
                }

                matches = child => child.Pid == id;
                break;
            case 2: // P_PGID
                if (id < 0)
                {
                    return Errno.EINVAL;
                }

                var group = id == 0 ? task.Process.Group.Id : id;
                matches = child => child.Group.Id == group;
                break;
            case 3: // P_PIDFD
                if (!PidFiles.Target(task, id).Ok(out var target, out var bad))
                {
                    return bad;
                }

                matches = child => child == target;
                mayWait = !task.Files.Get(id).Value.NonBlocking;
                break;
            default:
                return Errno.EINVAL;
        }

        if (!task.Process.FindChanged(matches, options).Ok(out var report, out var error))
        {
            return error;
        }

        if (report is null && (options & WaitOptions.NoHang) == 0)
        {
            // PIDFD_NONBLOCK (pidfd_open(2)).
            return mayWait ? task.WaitOn(task.Process.ChildChanged) : Errno.EAGAIN;
        }

        if (!info.IsNull)
        {
            // Only the SIGCHLD members; with WNOHANG and no news they are zero (waitid(2)).
            Span<int> fields = stackalloc int[8];
            fields.Clear();
            if (report is not null)
            {
                fields[0] = Sig.CHLD;
                fields[2] = report.Code;
                fields[4] = report.Process.Pid;
                fields[5] = (int)task.Credentials.ShownUid(report.Process.Leader.Credentials.Uid);
                fields[6] = report.InfoStatus;
            }

            if (task.Memory.WriteArray<int>(info.Address, fields[..7]) != Errno.OK)
            {
                return Errno.EFAULT;
            }
        }

        return !usage.IsNull && report is not null ? Usage.Write(task, usage, Usage.OfReaped(report.Process)) : 0;
    }
}
