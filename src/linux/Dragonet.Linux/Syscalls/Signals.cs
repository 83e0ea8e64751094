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
                SigInfoLayout.Write(bytes, taken);
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
        var (oldBase, oldFlags, oldSize) = task.AltStack;
        Span<ulong> words = stackalloc ulong[3];
        if (!set.IsNull)
        {
            if (task.Memory.ReadArray(set.Address, words) != Errno.OK)
            {
                return Errno.EFAULT;
            }

            var flags = (int)words[1];
            const int disable = 2, onStack = 1, autoDisarm = unchecked((int)0x8000_0000);
            if ((flags & ~(disable | onStack | autoDisarm)) != 0)
            {
                return Errno.EINVAL;
            }

            if ((flags & disable) == 0 && words[2] < 2048)
            {
                return Errno.ENOMEM;
            }

            task.AltStack = (flags & disable) != 0 ? (0, disable, 0) : (words[0], flags & autoDisarm, words[2]);
        }

        if (old.IsNull)
        {
            return 0;
        }

        words[0] = oldBase;
        words[1] = (ulong)(uint)(oldSize == 0 ? 2 : oldFlags);
        words[2] = oldSize;
        return task.Memory.WriteArray<ulong>(old.Address, words);
    }

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
