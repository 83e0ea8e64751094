using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.Signals;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Dispositions, masks, waiting for signals.</summary>
internal static class Signals
{
    private const ulong SetSize = 8;
    private const ulong KnownFlags = 0x1 | 0x2 | 0x4 | 0x400 | 0x800 | 0x0400_0000 | 0x0800_0000 | 0x1000_0000 | 0x4000_0000 | 0x8000_0000;

    [Syscall(Nr.rt_sigaction)]
    public static SysResult rt_sigaction(Task task, int signal, UserPtr action, UserPtr old, ulong size)
    {
        if (size != SetSize || signal is < 1 or > Sig.Max)
        {
            return Errno.EINVAL;
        }

        SignalAction? replacement = null;
        Span<ulong> words = stackalloc ulong[4];
        if (!action.IsNull)
        {
            if (task.Memory.ReadArray(action.Address, words) != Errno.OK)
            {
                return Errno.EFAULT;
            }

            if (signal is Sig.KILL or Sig.STOP)
            {
                return Errno.EINVAL;
            }

            replacement = new SignalAction(words[0], words[1] & KnownFlags, words[2], words[3]);
        }

        var before = task.Process.SetAction(signal, replacement);
        if (old.IsNull)
        {
            return 0;
        }

        words[0] = before.Handler;
        words[1] = before.Flags;
        words[2] = before.Restorer;
        words[3] = before.Mask;
        return task.Memory.WriteArray<ulong>(old.Address, words);
    }

    [Syscall(Nr.rt_sigprocmask)]
    public static SysResult rt_sigprocmask(Task task, int how, UserPtr set, UserPtr old, ulong size)
    {
        if (size != SetSize)
        {
            return Errno.EINVAL;
        }

        var before = task.SignalMask;
        if (!set.IsNull)
        {
            if (task.Memory.Read(set.Address, out ulong mask) != Errno.OK)
            {
                return Errno.EFAULT;
            }

            switch (how)
            {
                case 0: mask = before | mask; break;
                case 1: mask = before & ~mask; break;
                case 2: break;
                default: return Errno.EINVAL;
            }

            if ((mask & ~Sig.Unblockable) != before)
            {
                task.SetSignalMask(mask);
            }

            task.LendSignalMask();
        }

        return old.IsNull ? 0 : task.Memory.Write(old.Address, before);
    }

    [Syscall(Nr.rt_sigpending)]
    public static SysResult rt_sigpending(Task task, UserPtr set, ulong size)
        => size > SetSize ? Errno.EINVAL : task.Memory.Write(set.Address, task.PendingSet & task.SignalMask);

    [Syscall(Nr.rt_sigsuspend)]
    public static SysResult rt_sigsuspend(Task task, UserPtr set, ulong size)
    {
        if (size != SetSize)
        {
            return Errno.EINVAL;
        }

        if (task.SavedMask is null)
        {
            if (task.Memory.Read(set.Address, out ulong mask) != Errno.OK)
            {
                return Errno.EFAULT;
            }

            task.SetTemporaryMask(mask);
        }

        return task.WaitForSignal();
    }

    [Syscall(Nr.pause)]
    public static SysResult pause(Task task) => task.WaitForSignal();

    [Syscall(Nr.rt_sigtimedwait)]
    public static SysResult rt_sigtimedwait(Task task, UserPtr set, UserPtr info, UserPtr timeout, ulong size)
    {
        if (size != SetSize)
        {
            return Errno.EINVAL;
        }

        if (task.Memory.Read(set.Address, out ulong wanted) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        if (!timeout.IsNull && task.CallState is null)
        {
            Span<long> time = stackalloc long[2];
            if (task.Memory.ReadArray(timeout.Address, time) != Errno.OK)
            {
                return Errno.EFAULT;
            }

            if (time[0] < 0 || time[1] is < 0 or >= 1_000_000_000)
            {
                return Errno.EINVAL;
            }

            task.SetTimeout(time[0] > 9_000_000_000 ? long.MaxValue / 2 : (time[0] * 1_000_000_000) + time[1]);
        }

        if (task.TakeSignal(wanted & ~Sig.Unblockable, out var taken))
        {
            if (!info.IsNull)
            {
                Span<byte> bytes = stackalloc byte[SigInfoLayout.Size];
                SigInfoLayout.Write(task, bytes, taken);
                if (task.Memory.Write(info.Address, bytes) != Errno.OK)
                {
                    return Errno.EFAULT;
                }
            }

            return taken.Signal;
        }

        return task.TimedOut ? Errno.EAGAIN : task.WaitOn(task.Process.SignalArrived, RestartKind.Interrupt);
    }

    [Syscall(Nr.sigaltstack)]
    public static SysResult sigaltstack(Task task, UserPtr set, UserPtr old)
    {
        const int onStack = 1, disable = 2, autoDisarm = unchecked((int)0x8000_0000);
        const ulong least = 2048; // MINSIGSTKSZ
        var (start, flags, size) = task.AltStack;
        var inUse = size != 0 && flags != autoDisarm && IsOn(task, start, size);
        Span<ulong> words = stackalloc ulong[3];
        if (!set.IsNull)
        {
            if (task.Memory.ReadArray(set.Address, words) != Errno.OK)
            {
                return Errno.EFAULT;
            }

            var (mode, disarm) = ((int)words[1] & ~autoDisarm, (int)words[1] & autoDisarm);
            if (inUse)
            {
                return Errno.EPERM; // "attempted to change the alternate signal stack while it was active"
            }

            if (mode is not (0 or onStack or disable))
            {
                return Errno.EINVAL;
            }

            if (mode != disable && words[2] < least)
            {
                return Errno.ENOMEM;
            }

            task.AltStack = mode == disable ? (0, disable, 0) : (words[0], disarm, words[2]);
        }

        if (old.IsNull)
        {
            return 0;
        }

        words[0] = start;
        words[1] = (uint)((size == 0 ? disable : inUse ? onStack : 0) | (flags & autoDisarm));
        words[2] = size;
        return task.Memory.WriteArray<ulong>(old.Address, words);
    }

    /// <summary>Whether the caller runs on a stack. The call comes with all registers for this.</summary>
    private static bool IsOn(Task task, ulong start, ulong size)
        => task.Thread.HasContext && task.Thread.GetContext(task.Context) == Errno.OK && task.Context.Rsp > start && task.Context.Rsp - start <= size;

    [Syscall(Nr.rt_sigreturn)]
    public static SysResult rt_sigreturn(Task task)
    {
        var context = task.Context;
        if (task.Thread.GetContext(context) != Errno.OK || !SignalFrame.Read(task, context, out var mask, out var altStack))
        {
            task.Process.Terminate(Sig.SEGV);
            return SysResult.NoReturn;
        }

        task.AltStack = (altStack.Flags & 2) != 0 || altStack.Size == 0 ? (0, 2, 0) : altStack;
        task.SetSignalMask(mask);
        task.LeaveKernel();
        if (task.HasSignal)
        {
            task.Thread.Interrupt();
        }

        if (task.Thread.ResumeWith(context) != Errno.OK)
        {
            task.Process.Terminate(Sig.SEGV);
        }

        return SysResult.NoReturn;
    }
}
