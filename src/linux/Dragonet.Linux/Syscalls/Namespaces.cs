using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Making and entering namespaces (unshare(2), setns(2), namespaces(7)).</summary>
internal static class Namespaces
{
    /// <summary>The kinds that there are.</summary>
    internal const CloneFlags Known = CloneFlags.CLONE_NEWUSER | CloneFlags.CLONE_NEWNS;

    private const CloneFlags Alone = CloneFlags.CLONE_THREAD | CloneFlags.CLONE_SIGHAND | CloneFlags.CLONE_VM;

    [Syscall(Nr.unshare, Support.Partial, "of the namespaces user and mount; the others answer EINVAL, as Linux built without them")]
    public static SysResult unshare(Task task, CloneFlags flags)
    {
        const CloneFlags known = CloneFlags.CLONE_FILES | CloneFlags.CLONE_FS | CloneFlags.CLONE_SYSVSEM | Alone | CloneFlags.Namespaces;
        if ((flags & ~known) != 0)
        {
            return Errno.EINVAL;
        }

        if ((flags & (Alone | CloneFlags.CLONE_NEWUSER)) != 0 && task.Process.TaskCount > 1)
        {
            return task.Fail(Errno.EINVAL, "one of several threads");
        }

        if ((flags & ~Known & CloneFlags.Namespaces) != 0)
        {
            return RefuseKind(task, flags);
        }

        if ((flags & Known) != 0)
        {
            if (!task.Kernel.MakeNamespaces(task, flags).Ok(out var made, out var error))
            {
                return error;
            }

            task.Enter(made);
        }

        if ((flags & CloneFlags.CLONE_FILES) != 0)
        {
            task.UnshareFiles();
        }

        if ((flags & CloneFlags.CLONE_FS) != 0)
        {
            task.Fs = task.Fs.Copy();
        }

        return 0;
    }

    [Syscall(Nr.setns, Support.Partial, "user and mount namespaces")]
    public static SysResult setns(Task task, Fd fd, CloneFlags kind)
    {
        if (!task.Files.Get(fd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        switch (file)
        {
            case NamespaceFile space when kind != CloneFlags.None && space.Kind != kind:
                return Errno.EINVAL;
            case NamespaceFile space:
                return (space.Kind & Known) == 0 ? RefuseKind(task, space.Kind)
                    : Join(task, space.Users, space.Kind == CloneFlags.CLONE_NEWUSER, space.Mounts);
            case PidFile pid:
                return JoinProcess(task, pid, kind);
            default:
                return Errno.EINVAL;
        }
    }

    /// <summary>A kind that there is not: EPERM without the right to make one, else EINVAL, as in a Linux that was built without it.</summary>
    internal static SysResult RefuseKind(Task task, CloneFlags flags)
        => (flags & CloneFlags.CLONE_NEWUSER) != 0 || task.Credentials.HasOwn(Capability.CAP_SYS_ADMIN, task.Credentials.Namespace)
            ? task.Fail(Errno.EINVAL, "of the namespaces only user and mount can be made") : Errno.EPERM;

    private static SysResult JoinProcess(Task task, PidFile pid, CloneFlags kinds)
    {
        var process = pid.Process;
        if (kinds == CloneFlags.None || (kinds & ~CloneFlags.Namespaces) != 0)
        {
            return Errno.EINVAL;
        }

        if (pid.IsReaped || process.IsZombie || !task.Jail.Sees(process) || process == process.Kernel.Init)
        {
            return Errno.ESRCH;
        }

        if (!TraceAccess.MayAttach(task, process))
        {
            return Errno.EPERM;
        }

        if ((kinds & ~Known) != 0)
        {
            return RefuseKind(task, kinds & ~Known);
        }

        var leader = process.Leader;
        return Join(task, leader.Credentials.Namespace, (kinds & CloneFlags.CLONE_NEWUSER) != 0, (kinds & CloneFlags.CLONE_NEWNS) != 0 ? leader.Mounts : null);
    }

    private static SysResult Join(Task task, UserNamespace? users, bool entersUsers, MountNamespace? mounts)
    {
        if (!task.Kernel.JoinNamespaces(task, users, entersUsers, mounts).Ok(out var joined, out var error))
        {
            return error;
        }

        task.Enter(joined);
        return 0;
    }
}
