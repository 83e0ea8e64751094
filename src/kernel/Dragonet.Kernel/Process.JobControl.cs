using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>Process groups and sessions.</summary>
public sealed partial class Process
{
    /// <summary>setsid(2).</summary>
    public Result<int> CreateSession()
    {
        using (Kernel.TreeLock.Enter())
        {
            if (Group.Id == Pid || Kernel.Pids.FindGroup(Pid) is not null)
            {
                return Errno.EPERM;
            }

            Kernel.LeaveGroupLocked(this);
            var session = new Session(Pid, this);
            MoveToLocked(new ProcessGroup(Pid, session));
            Kernel.Pids.Add(session);
            Kernel.Pids.Add(Group);
            return Pid;
        }
    }

    /// <summary>setpgid(2) on this process, asked for by <paramref name="caller"/>.</summary>
    public Errno SetGroup(Process caller, int id)
    {
        using (Kernel.TreeLock.Enter())
        {
            if (this != caller && Parent != caller)
            {
                return Errno.ESRCH;
            }

            if (Session != caller.Session || Session.Leader == this)
            {
                return Errno.EPERM;
            }

            if (this != caller && HasExeced)
            {
                return Errno.EACCES;
            }

            if (Group.Id == id)
            {
                return Errno.OK;
            }

            var target = Kernel.Pids.FindGroup(id);
            if (target is null)
            {
                if (id != Pid)
                {
                    return Errno.EPERM;
                }

                target = new ProcessGroup(id, Session);
                Kernel.Pids.Add(target);
            }
            else if (target.Session != Session)
            {
                return Errno.EPERM;
            }

            var session = Session;
            Kernel.LeaveGroupLocked(this);
            MoveToLocked(target);
            Kernel.Pids.Add(session);
            return Errno.OK;
        }
    }

    /// <summary>True when no member of its group has a parent that could continue it (POSIX "orphaned process group").</summary>
    public bool IsGroupOrphaned
    {
        get
        {
            using (Kernel.TreeLock.Enter())
            {
                return Kernel.IsOrphanedLocked(Group, null);
            }
        }
    }

    private void MoveToLocked(ProcessGroup group)
    {
        group.Members.Add(this);
        Group = group;
    }
}
