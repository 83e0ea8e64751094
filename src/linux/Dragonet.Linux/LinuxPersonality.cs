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
    /// <inheritdoc/>
    public override SysResult Dispatch(Task task, in SystemCall call)
    {
        var table = SyscallTable.Entries;
        return (uint)call.Number < (uint)table.Length && table[call.Number] is { } entry ? entry.Run(task, call) : Errno.ENOSYS;
    }

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
