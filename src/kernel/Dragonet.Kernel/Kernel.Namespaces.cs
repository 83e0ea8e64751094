using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>Making and entering user and mount namespaces.</summary>
public sealed partial class Kernel
{
    /// <summary>Those that guests made.</summary>
    public NamespaceTable Namespaces { get; } = new();

    /// <summary>New namespaces (unshare(2), clone(2)). EPERM without CAP_SYS_ADMIN, but for a user namespace, which comes first.</summary>
    /// <param name="task">Who makes them.</param>
    /// <param name="flags">CLONE_NEWUSER, CLONE_NEWNS.</param>
    public Result<NamespaceSet> MakeNamespaces(Task task, CloneFlags flags)
    {
        var who = task.Credentials;
        var error = Errno.OK;
        if ((flags & CloneFlags.CLONE_NEWUSER) != 0)
        {
            if (!Namespaces.MakeUsers(task).Ok(out var users, out error))
            {
                return error;
            }

            who = who.In(users);
        }
        else
        {
            _ = who.Namespace?.Uses.TryAdd(); // the task is in it
        }

        if ((flags & CloneFlags.CLONE_NEWNS) == 0)
        {
            _ = task.Mounts.Uses.TryAdd();
            return new NamespaceSet(who, task.Mounts, task.Fs.Copy());
        }

        error = Errno.EPERM;
        if (task.Jail.MayChangeNamespace(who, who.Namespace) && Namespaces.MakeMounts(task, who, out var fs).Ok(out var mounts, out error))
        {
            return new NamespaceSet(who, mounts, fs);
        }

        Namespaces.Drop(who.Namespace);
        return error;
    }

    /// <summary>Namespaces of others (setns(2)). EINVAL for the own user namespace, or for one of several threads; EPERM without CAP_SYS_ADMIN in them,
    /// and for those of another jail.</summary>
    /// <param name="task">Who enters.</param>
    /// <param name="users">A user namespace, or null for none; the first one can be entered by nobody.</param>
    /// <param name="entersUsers">A user namespace is to be entered.</param>
    /// <param name="mounts">A mount namespace, or null for none.</param>
    public Result<NamespaceSet> JoinNamespaces(Task task, UserNamespace? users, bool entersUsers, MountNamespace? mounts)
    {
        var (old, now) = (task.Credentials, task.Credentials);
        if (entersUsers)
        {
            if (ReferenceEquals(users, old.Namespace) || task.Process.TaskCount > 1)
            {
                return Errno.EINVAL;
            }

            if (users is null || !ReferenceEquals(users.Scope, old.Limit) || !task.Jail.MayChangeNamespace(old, users))
            {
                return Errno.EPERM;
            }

            now = old.In(users);
        }

        if (mounts is not null && (mounts.Jail != task.Jail || !task.Jail.MayChangeNamespace(old, mounts.Owner)
            || !task.Jail.MayChangeNamespace(old, now.Namespace) || !old.Has(Capability.CAP_SYS_CHROOT, now.Namespace)))
        {
            return Errno.EPERM;
        }

        if (now.Namespace?.Uses.TryAdd() == false)
        {
            return Errno.ESRCH;
        }

        var space = mounts ?? task.Mounts;
        if (!space.Uses.TryAdd())
        {
            Namespaces.Drop(now.Namespace);
            return Errno.ESRCH;
        }

        var fs = mounts is null ? task.Fs.Copy() : new FsContext(mounts.Root, mounts.Root, task.Fs.Umask);
        return new NamespaceSet(now, space, fs);
    }

    /// <summary>A user namespace has got its map: who is in it has other ids now.</summary>
    internal void TellMapped(UserNamespace users)
    {
        foreach (var process in Pids.Processes)
        {
            foreach (var task in process.GetTasks())
            {
                if (ReferenceEquals(task.Credentials.Namespace, users))
                {
                    task.TellIdentity();
                }
            }
        }
    }
}
