using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>What a terminal asks of the processes that use it (POSIX, "11.1.4 Terminal Access Control").</summary>
public static class JobControl
{
    /// <summary>May the task use its controlling terminal now?</summary>
    /// <param name="task">The task.</param>
    /// <param name="terminal">The terminal.</param>
    /// <param name="signal">SIGTTIN for a read, SIGTTOU for a write or a change of settings.</param>
    /// <returns>OK; EIO when its group is orphaned, or a reader ignores or blocks the signal; EAGAIN when the signal was sent to its
    /// group: the call is to wait, and to be made again once the group runs in the foreground.</returns>
    public static Errno Check(Task task, IControllingTerminal terminal, int signal)
    {
        var process = task.Process;
        var kernel = task.Kernel;
        ProcessGroup group;
        using (kernel.TreeLock.Enter())
        {
            group = process.Group;
            if (process.Session.Terminal != terminal || terminal.Foreground is not { } foreground || foreground == group)
            {
                return Errno.OK;
            }

            if (process.Actions[signal].IsIgnored || (task.SignalMask & Sig.Bit(signal)) != 0)
            {
                return signal == Sig.TTIN ? Errno.EIO : Errno.OK;
            }

            if (kernel.IsOrphanedLocked(group, null))
            {
                return Errno.EIO;
            }
        }

        _ = kernel.SendGroup(group, SigInfo.FromKernel(signal));
        return Errno.EAGAIN;
    }
}
