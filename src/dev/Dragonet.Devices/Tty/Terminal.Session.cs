using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;

namespace Dragonet.Devices.Tty;

/// <summary>A terminal as a session's controlling terminal (credentials(7), tty_ioctl(4)).</summary>
public sealed partial class Terminal
{
    /// <summary>Makes it the controlling terminal of a session leader that has none. EPERM when that is not so, or the terminal has
    /// another session (which <paramref name="steal"/> takes it from).</summary>
    public Errno Adopt(Dragonet.Kernel.Task task, bool steal)
    {
        var process = task.Process;
        using (Kernel.TreeLock.Enter())
        {
            var session = process.Session;
            using (_lock.Enter())
            {
                if (session.Leader == process && session.Terminal == this && _session == session)
                {
                    return Errno.OK;
                }

                if (session.Leader != process || session.Terminal is not null)
                {
                    return Errno.EPERM;
                }

                if (_session is { } other)
                {
                    if (!steal)
                    {
                        return Errno.EPERM;
                    }

                    other.Terminal = null;
                }

                _session = session;
                _foreground = process.Group;
                session.Terminal = this;
                return Errno.OK;
            }
        }
    }

    /// <inheritdoc/>
    public void Disassociate()
    {
        ProcessGroup? group;
        using (_lock.Enter())
        {
            group = _foreground;
            _foreground = null;
            _session = null;
        }

        SendTo(group, Sig.HUP);
        SendTo(group, Sig.CONT);
    }

    /// <summary>TIOCNOTTY: the session leader gives it up. Other processes keep it: a terminal belongs to a whole session here.</summary>
    private Errno GiveUp(Dragonet.Kernel.Task task)
    {
        using (Kernel.TreeLock.Enter())
        {
            var session = task.Process.Session;
            if (session.Terminal != this)
            {
                return Errno.ENOTTY;
            }

            if (session.Leader != task.Process)
            {
                return Errno.OK;
            }

            session.Terminal = null;
        }

        Disassociate();
        return Errno.OK;
    }

    /// <summary>TIOCSPGRP.</summary>
    private Errno SetForeground(Dragonet.Kernel.Task task, int id)
    {
        using (Kernel.TreeLock.Enter())
        {
            var session = task.Process.Session;
            using (_lock.Enter())
            {
                if (session.Terminal != this || _session != session)
                {
                    return Errno.ENOTTY;
                }

                if (id < 0)
                {
                    return Errno.EINVAL;
                }

                if (task.Jail.FindGroup(id) is not { } group)
                {
                    return Errno.ESRCH;
                }

                if (group.Session != session)
                {
                    return Errno.EPERM;
                }

                _foreground = group;
            }
        }

        // Background readers may be in the foreground now.
        _ = Queue.Wake();
        return Errno.OK;
    }

    private bool IsControllingFor(Dragonet.Kernel.Task task) => task.Process.Session.Terminal == this;
}
