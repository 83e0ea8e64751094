using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>What a task reads from files and writes to them, and that it waits when its jail has had enough for now (rctl(8), readbps and its kin).</summary>
public sealed partial class Task
{
    /// <summary>Bytes read, bytes written, reads, writes. Counted by the thread that runs the call alone.</summary>
    internal long[] Transferred { get; } = new long[4];

    /// <summary>Before a transfer: true when the call has to wait; it then returns <paramref name="blocked"/>.</summary>
    public bool MustWaitToTransfer(bool write, out SysResult blocked)
    {
        blocked = default;
        if (!Jail.LimitsTransfers || TimedOut)
        {
            return false;
        }

        long delay = 0;
        var now = Kernel.Clock.MonotonicNanoseconds;
        for (var jail = Jail; jail is not null; jail = jail.Parent)
        {
            delay = Math.Max(delay, jail.Transfers.GetDelay(write, now));
        }

        if (delay == 0)
        {
            return false;
        }

        SetTimeout(delay);
        blocked = SysResult.Block(RestartKind.Restart);
        return true;
    }

    /// <summary>After a transfer of so many bytes.</summary>
    public void CountTransfer(bool write, long bytes)
    {
        var first = write ? 1 : 0;
        Transferred[first] += bytes;
        Transferred[first + 2]++;
        if (Jail.LimitsTransfers)
        {
            var now = Kernel.Clock.MonotonicNanoseconds;
            for (var jail = Jail; jail is not null; jail = jail.Parent)
            {
                jail.Transfers.Take(write, bytes, now);
            }
        }
    }
}
