using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.Signals;
using Dragonet.Platform;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>The Linux x86-64 ABI: system calls by number, signal frames, what exit does to futexes.</summary>
public sealed class LinuxPersonality : Personality
{
    /// <summary>Makes the table of calls now, rather than at the first call.</summary>
    public static void Prepare() => _ = SyscallTable.Entries;

    /// <inheritdoc/>
    public override SysResult Dispatch(Task task, in SystemCall call)
    {
        var table = SyscallTable.Entries;
        return (uint)call.Number < (uint)table.Length && table[call.Number] is { } entry ? entry.Run(task, call) : Errno.ENOSYS;
    }

    /// <inheritdoc/>
    public override bool MayWait(int number) => (Nr)number is Nr.poll or Nr.ppoll or Nr.select or Nr.pselect6 or Nr.epoll_wait or Nr.epoll_pwait or Nr.epoll_pwait2
        or Nr.pause or Nr.rt_sigsuspend or Nr.rt_sigtimedwait or Nr.nanosleep or Nr.clock_nanosleep or Nr.wait4 or Nr.waitid
        or Nr.read or Nr.readv or Nr.write or Nr.writev or Nr.recvfrom or Nr.recvmsg or Nr.recvmmsg or Nr.sendto or Nr.sendmsg or Nr.sendmmsg
        or Nr.accept or Nr.accept4 or Nr.connect or Nr.msgrcv or Nr.msgsnd or Nr.semop or Nr.semtimedop or Nr.flock or Nr.fcntl
        or Nr.open or Nr.openat or Nr.openat2 or Nr.preadv2 or Nr.pwritev2 or Nr.splice or Nr.tee or Nr.vmsplice or Nr.sendfile
        or Nr.mq_timedsend or Nr.mq_timedreceive;

    /// <inheritdoc/>
    public override void OnTrap(Task task, in Trap trap)
    {
        if (trap.Kind == TrapKind.Fault)
        {
            SignalDelivery.Fault(task, trap);
        }

        SignalDelivery.Deliver(task, trap.Kind == TrapKind.Interrupt);
    }

    /// <inheritdoc/>
    public override void OnTaskExit(Task task, bool group) => TaskExit.Run(task, group);
}
