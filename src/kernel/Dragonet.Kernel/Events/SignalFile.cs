using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>
/// Pending signals as something to read (signalfd(2)). It shows the signals of whoever reads or polls it; through an epoll instance,
/// those of the task that added it. Thread-safe.
/// </summary>
/// <param name="owner">Whose signals count when a poll does not say on whose behalf it runs.</param>
/// <param name="mask">The signals to take; bit n-1 is signal n.</param>
/// <param name="flags">Status flags.</param>
public sealed class SignalFile(Task owner, ulong mask, OpenFlags flags) : AnonymousFile("signalfd", flags)
{
    private const int RecordSize = 128;
    private ulong _mask = mask & ~Sig.Unblockable;

    /// <summary>The signals it takes.</summary>
    public ulong Mask => Volatile.Read(ref _mask);

    /// <inheritdoc/>
    public override string FdInfo => $"sigmask:\t{Mask:x16}\n";

    /// <summary>Replaces the mask; whoever waits looks again.</summary>
    public void SetMask(Task task, ulong mask)
    {
        Volatile.Write(ref _mask, mask & ~Sig.Unblockable);
        _ = task.Process.SignalArrived.Wake();
    }

    /// <inheritdoc/>
    public override Result<int> Read(ICaller caller, Span<byte> destination)
    {
        if (destination.Length < RecordSize)
        {
            return Errno.EINVAL;
        }

        var task = caller as Task ?? owner;
        var total = 0;
        while (destination.Length - total >= RecordSize && task.TakeSignal(Mask, out var info))
        {
            var record = ToRecord(info) with { ssi_uid = info.Code <= 0 || info.Signal == Sig.CHLD ? task.Credentials.ShownUid(info.Uid) : info.Uid };
            MemoryMarshal.Write(destination[total..], in record);
            total += RecordSize;
        }

        return total > 0 ? total : Errno.EAGAIN;
    }

    /// <inheritdoc/>
    public override PollEvents Poll(PollWait? wait)
    {
        var task = wait?.Caller as Task ?? owner;
        wait?.Add(task.Process.SignalArrived);
        return (task.PendingSet & Mask) != 0 ? PollEvents.POLLIN | PollEvents.POLLRDNORM : PollEvents.None;
    }

    private static signalfd_siginfo ToRecord(in SigInfo info) => new()
    {
        ssi_signo = (uint)info.Signal,
        ssi_errno = info.Errno,
        ssi_code = info.Code,
        ssi_pid = (uint)info.Pid,
        ssi_uid = info.Uid,
        ssi_fd = info.Fd,
        ssi_tid = (uint)info.TimerId,
        ssi_band = (uint)info.Band,
        ssi_overrun = (uint)info.Overrun,
        ssi_status = info.Status,
        ssi_int = (int)info.Value,
        ssi_ptr = info.Value,
        ssi_utime = (ulong)info.UserTicks,
        ssi_stime = (ulong)info.SystemTicks,
        ssi_addr = info.Address,
    };
}
