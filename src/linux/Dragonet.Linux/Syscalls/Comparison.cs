using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>kcmp(2): whether two tasks share something.</summary>
internal static class Comparison
{
    private const int File = 0, Vm = 1, Files = 2, Fs = 3, SigHand = 4, Io = 5, SysVSem = 6;

    [Syscall(Nr.kcmp, Support.Partial, "no KCMP_EPOLL_TFD")]
    public static SysResult kcmp(Task task, int pid1, int pid2, int type, ulong index1, ulong index2)
    {
        if (task.Jail.FindTask(pid1) is not { } first || task.Jail.FindTask(pid2) is not { } second)
        {
            return Errno.ESRCH;
        }

        if (!TraceAccess.MayAttach(task, first.Process) || !TraceAccess.MayAttach(task, second.Process))
        {
            return Errno.EPERM;
        }

        switch (type)
        {
            case File:
                return first.Files.GetAny(Index(index1)).Ok(out var a, out _) && second.Files.GetAny(Index(index2)).Ok(out var b, out _)
                    ? Order(task, a, b)
                    : Errno.EBADF;
            case Vm:
                return Order(task, first.Process.MemoryId, second.Process.MemoryId);
            case Files:
                return Order(task, first.Files, second.Files);
            case Fs:
                return Order(task, first.Fs, second.Fs);
            case SigHand:
                return Order(task, first.Process.Actions, second.Process.Actions);
            case Io:
                return 0; // nobody has an I/O context of its own
            case SysVSem:
                return first.Process.SemaphoreUndo.IsEmpty && second.Process.SemaphoreUndo.IsEmpty ? 0 // Linux makes the list with the first entry
                    : Order(task, first.Process.SemaphoreUndo, second.Process.SemaphoreUndo);
            default:
                return Errno.EINVAL;
        }
    }

    private static int Index(ulong index) => index > int.MaxValue ? -1 : (int)index;

    /// <summary>0 the same, 1 less, 2 greater: any order, but always the same one.</summary>
    private static SysResult Order(Task task, object a, object b)
        => ReferenceEquals(a, b) ? 0 : task.Kernel.ObjectNumber(a) < task.Kernel.ObjectNumber(b) ? 1 : 2;
}
