using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>Waiting for children (wait(2)).</summary>
public sealed partial class Process
{
    private volatile bool _awaits; // it waited for a child since it made the last one

    /// <summary>
    /// True when a process that is about to be made will probably be waited for at once: always with CLONE_VFORK, else when the last one was.
    /// Of several that are made in a row only the first is.
    /// </summary>
    internal bool AwaitsNext(in CloneOptions options)
    {
        var awaits = _awaits;
        _awaits = false;
        return awaits || options.Has(CloneFlags.CLONE_VFORK);
    }

    /// <summary>Looks for a child that changed. Null when children match but none has changed; ECHILD when none matches.</summary>
    /// <param name="matches">Which children count.</param>
    /// <param name="options">What counts, and whether the report is consumed.</param>
    public Result<WaitReport?> FindChanged(Func<Process, bool> matches, WaitOptions options)
    {
        _awaits |= (options & WaitOptions.NoHang) == 0;
        WaitReport? report = null;
        Process? reap = null;
        using (Kernel.TreeLock.Enter())
        {
            var any = false;
            foreach (var child in Children)
            {
                var isClone = child.ExitSignal != Sig.CHLD;
                if ((options & WaitOptions.All) == 0 && isClone != ((options & WaitOptions.Clone) != 0))
                {
                    continue;
                }

                if (!matches(child))
                {
                    continue;
                }

                any = true;
                report = child.TakeReportLocked(options);
                if (report is not null)
                {
                    reap = child.IsZombie && (options & WaitOptions.NoWait) == 0 ? child : null;
                    break;
                }
            }

            if (!any)
            {
                return Errno.ECHILD;
            }
        }

        if (reap is not null)
        {
            Kernel.Reap(reap);
        }

        return report;
    }

    private WaitReport? TakeReportLocked(WaitOptions options)
    {
        var keep = (options & WaitOptions.NoWait) != 0;
        if (IsZombie)
        {
            if ((options & WaitOptions.Exited) == 0)
            {
                return null;
            }

            return new WaitReport(this, ExitStatus, (ExitStatus & 0x7f) == 0 ? 1 : 2);
        }

        if ((options & WaitOptions.Stopped) != 0 && StopReport != 0)
        {
            var status = StopReport;
            StopReport = keep ? status : 0;
            return new WaitReport(this, status, 5);
        }

        if ((options & WaitOptions.Continued) != 0 && ContinueReport)
        {
            ContinueReport = keep;
            return new WaitReport(this, 0xffff, 6);
        }

        return null;
    }
}
