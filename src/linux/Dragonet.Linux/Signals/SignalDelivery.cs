using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Platform;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Signals;

/// <summary>Takes pending signals and does what their dispositions say (signal(7)).</summary>
internal static class SignalDelivery
{
    private const ulong OnStack = 0x0800_0000;
    private const ulong NoDefer = 0x4000_0000;
    private const ulong ResetHandler = 0x8000_0000;

    /// <summary>A processor fault: the signal cannot be held back. Blocked or ignored, it kills (force_sig in Linux).</summary>
    internal static void Fault(Task task, in Trap trap)
    {
        var action = task.Process.SetAction(trap.Signal, null);
        if (action.IsIgnored || (task.SignalMask & Sig.Bit(trap.Signal)) != 0)
        {
            task.Process.Terminate(trap.Signal);
            return;
        }

        _ = task.Send(new SigInfo { Signal = trap.Signal, Code = trap.Code, Address = trap.Address });
    }

    /// <summary>Delivers everything that is pending and continues the task, which is stopped in a full trap.</summary>
    internal static void Deliver(Task task, bool interrupted)
    {
        var context = task.Context;
        var loaded = false;
        var restart = interrupted ? task.TakeInterruptedCall() : null;
        var handled = false;
        while (!task.IsDead && task.TakeSignal(~task.SignalMask, out var info))
        {
            var action = task.Process.SetAction(info.Signal, null);
            task.Kernel.Trace?.OnSignal(task, info.Signal);
            if (action.IsIgnored || (action.IsDefault && Sig.IsIgnoredByDefault(info.Signal)))
            {
                continue;
            }

            if (action.IsDefault)
            {
                if (!Sig.IsStop(info.Signal))
                {
                    task.Process.Terminate(info.Signal);
                    return;
                }

                // Stopping an orphaned group would leave nobody to continue it (setpgid(2)).
                if (info.Signal == Sig.STOP || !task.Process.IsGroupOrphaned)
                {
                    task.Process.Stop(info.Signal);
                }

                continue;
            }

            if (!loaded)
            {
                if (task.Thread.GetContext(context) != Errno.OK)
                {
                    task.Process.Terminate(Sig.SEGV);
                    return;
                }

                loaded = true;
            }

            if (!handled && restart is { } kind && IsAtCall(task, context)
                && (kind == RestartKind.Always || (kind == RestartKind.Restart && (action.Flags & Sig.Restart) != 0)))
            {
                Rewind(task, context);
            }

            if (!handled && task.TakePartialAnswer(out var done, out var next) && context.Rip == next - 2)
            {
                context.Rip = next;
                context.Rax = (ulong)done;
            }

            if (!handled && restart is null && (action.Flags & Sig.Restart) == 0)
            {
                EndHostFutexWait(task, context);
            }

            handled = true;
            if (!Push(task, context, info, action))
            {
                task.Process.Terminate(Sig.SEGV);
                return;
            }
        }

        if (task.IsDead)
        {
            return;
        }

        if (!handled)
        {
            if (task.SavedMask is { } saved)
            {
                task.SavedMask = null;
                task.SetSignalMask(saved);
            }

            if (restart is not null && task.Thread.GetContext(context) == Errno.OK && IsAtCall(task, context))
            {
                Rewind(task, context);
                task.KeepDeadline();
                loaded = true;
            }
        }

        task.LeaveKernel();
        if (task.IsDead)
        {
            task.ReleaseWhenIdle();
        }
        else if (!loaded)
        {
            task.Thread.Resume(0);
        }
        else if (task.Thread.ResumeWith(context) != Errno.OK)
        {
            task.Process.Terminate(Sig.SEGV);
        }
    }

    /// <summary>The thread is right behind the call that was answered with EINTR.</summary>
    private static bool IsAtCall(Task task, MachineContext context)
        => context.Rip == task.Call.InstructionPointer && context.Rax == unchecked((ulong)-(long)Errno.EINTR);

    /// <summary>
    /// A futex wait that the host performed was interrupted. The host has set it up to be made again, because our handler there has
    /// SA_RESTART; this handler has not, so the wait ends with EINTR (futex(2)). Whatever else stands before its instruction has not begun, a
    /// wake-up above all, and is made behind the handler.
    /// </summary>
    private static void EndHostFutexWait(Task task, MachineContext context)
    {
        Span<byte> instruction = stackalloc byte[2];
        var isWait = context.Rax switch
        {
            (ulong)Nr.futex => (FutexOp)(context.Rsi & 0x7f) is FutexOp.FUTEX_WAIT or FutexOp.FUTEX_WAIT_BITSET,
            (ulong)Nr.futex_wait or (ulong)Nr.futex_waitv => true,
            _ => false,
        };
        if (isWait && task.Kernel.Platform.HasNativeFutex && task.Memory.Read(context.Rip, instruction) == Errno.OK
            && instruction[0] == 0x0f && instruction[1] == 0x05)
        {
            context.Rip += 2;
            context.Rax = unchecked((ulong)-(long)Errno.EINTR);
        }
    }

    /// <summary>Back to the system-call instruction, to make the call again.</summary>
    private static void Rewind(Task task, MachineContext context)
    {
        context.Rip -= 2;
        context.Rax = (ulong)task.Call.Number;
    }

    /// <summary>Puts a frame on the guest's stack and points the context at the handler.</summary>
    private static bool Push(Task task, MachineContext context, in SigInfo info, in SignalAction action)
    {
        var (altBase, altFlags, altSize) = task.AltStack;
        var onAlt = altSize != 0 && context.Rsp > altBase && context.Rsp <= altBase + altSize;
        var stack = context.Rsp - 128; // the red zone of the ABI
        if ((action.Flags & OnStack) != 0 && altSize != 0 && !onAlt)
        {
            stack = altBase + altSize;
        }

        var oldMask = task.SavedMask ?? task.SignalMask;
        if (!SignalFrame.Write(task, context, info, action, stack, oldMask))
        {
            return false;
        }

        task.SavedMask = null;
        const int autoDisarm = unchecked((int)0x8000_0000);
        if ((altFlags & autoDisarm) != 0)
        {
            task.AltStack = (0, 2, 0);
        }

        var mask = task.SignalMask | action.Mask;
        if ((action.Flags & NoDefer) == 0)
        {
            mask |= Sig.Bit(info.Signal);
        }

        task.SetSignalMask(mask);
        if ((action.Flags & ResetHandler) != 0)
        {
            _ = task.Process.SetAction(info.Signal, new SignalAction(0, action.Flags, action.Restorer, action.Mask));
        }

        return true;
    }
}
