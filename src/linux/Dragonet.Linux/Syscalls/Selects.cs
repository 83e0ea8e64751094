using System.Numerics;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Waiting for several files by bit sets (select(2), pselect(2)).</summary>
internal static class Selects
{
    private const PollEvents InEvents = PollEvents.POLLIN | PollEvents.POLLRDNORM | PollEvents.POLLRDBAND | PollEvents.POLLHUP | PollEvents.POLLERR;
    private const PollEvents OutEvents = PollEvents.POLLOUT | PollEvents.POLLWRNORM | PollEvents.POLLWRBAND | PollEvents.POLLERR;

    private const long Microsecond = 1000;
    private const long Nanosecond = 1;

    [Syscall(Nr.select)]
    public static SysResult select(Task task, int count, UserPtr readers, UserPtr writers, UserPtr exceptions, UserPtr timeout)
    {
        if (task.CallState is not SelectState state)
        {
            state = new SelectState(count, readers, writers, exceptions);
            if (state.Load(task, timeout, default, out var time, out _, out _) is not Errno.OK and var error)
            {
                return error;
            }

            if (time.First < 0 || time.Second < 0)
            {
                return Errno.EINVAL;
            }

            // Microseconds beyond a second are carried, unlike the nanoseconds of pselect6.
            var seconds = Math.Min(time.First + time.Second / 1_000_000, long.MaxValue / 2_000_000_000);
            task.SetTimeout(timeout.IsNull ? null : seconds * 1_000_000_000 + time.Second % 1_000_000 * 1000);
        }

        task.OnInterrupted = static (task, result) => WriteTime(task, result, Microsecond);
        return Wait(task, count, state, timeout, Microsecond);
    }

    [Syscall(Nr.pselect6)]
    public static SysResult pselect6(Task task, int count, UserPtr readers, UserPtr writers, UserPtr exceptions, UserPtr timeout, UserPtr maskArgument)
    {
        if (task.CallState is not SelectState state)
        {
            state = new SelectState(count, readers, writers, exceptions);
            var error = state.Load(task, timeout, maskArgument, out var time, out var mask, out var maskError);
            var limit = new timespec { tv_sec = time.First, tv_nsec = time.Second };
            error = error == Errno.OK && !limit.IsValid ? Errno.EINVAL : error;
            error = error == Errno.OK ? maskError : error;
            error = error == Errno.OK ? SignalMasks.SetTemporary(task, new UserPtr(mask.First), mask.Second) : error;
            if (error != Errno.OK)
            {
                return error;
            }

            task.SetTimeout(timeout.IsNull ? null : limit.ToNanoseconds());
        }

        task.OnInterrupted = static (task, result) => WriteTime(task, result, Nanosecond);
        return Wait(task, count, state, timeout, Nanosecond);
    }

    /// <summary>What is left of the timeout, in seconds and units of so many nanoseconds.</summary>
    private static (long, long) Left(Task task, long unit)
    {
        var left = Math.Max(task.Deadline - task.Kernel.Clock.MonotonicNanoseconds, 0);
        return (left / 1_000_000_000, left % 1_000_000_000 / unit);
    }

    private static SysResult WriteTime(Task task, SysResult result, long unit)
    {
        if (!result.IsBlocked && task.Call.A4 != 0)
        {
            var (seconds, rest) = Left(task, unit);
            _ = task.Memory.Write(task.Call.A4, new timespec { tv_sec = seconds, tv_nsec = rest }); // a timeval is laid out alike
        }

        return result;
    }

    private static SysResult Wait(Task task, int count, SelectState state, UserPtr timeout, long unit)
    {
        var error = count < 0 ? Errno.EINVAL : state.Check();
        if (error != Errno.OK)
        {
            return WriteTime(task, error, unit);
        }

        if (!Look(task, state, register: false).Ok(out var ready, out error))
        {
            return WriteTime(task, error, unit);
        }

        // Mostly something is ready: only who must wait registers, and then looks again.
        if (ready == 0 && !state.IsRegistered && !task.TimedOut && !Look(task, state, register: true).Ok(out ready, out error))
        {
            return WriteTime(task, error, unit);
        }

        if (ready == 0 && !task.TimedOut)
        {
            state.IsRegistered = true;
            task.CallState = state;
            return SysResult.Block(RestartKind.Interrupt);
        }

        error = state.Store(task, timeout, timeout.IsNull ? default : Left(task, unit));
        return error == Errno.OK ? ready : error;
    }

    private static Result<int> Look(Task task, SelectState state, bool register)
    {
        var ready = 0;
        state.ClearReady();
        for (var word = 0; word < state.Words; word++)
        {
            var (readers, writers, exceptions) = (state.Wanted(SelectState.Readers, word), state.Wanted(SelectState.Writers, word), state.Wanted(SelectState.Exceptions, word));
            for (var bits = readers | writers | exceptions; bits != 0; bits &= bits - 1)
            {
                var bit = bits & (~bits + 1);
                var fd = word * 64 + BitOperations.TrailingZeroCount(bits);
                if (!task.Files.Get(fd).Ok(out var file, out var error))
                {
                    return error;
                }

                var interest = ((readers & bit) != 0 ? InEvents : 0) | ((writers & bit) != 0 ? OutEvents : 0)
                    | ((exceptions & bit) != 0 ? PollEvents.POLLPRI : 0);
                var events = register && ready == 0 ? task.PollFile(file, interest) : file.Poll(task.Observer);
                ready += state.Mark(SelectState.Readers, word, bit, events & InEvents);
                ready += state.Mark(SelectState.Writers, word, bit, events & OutEvents);
                ready += state.Mark(SelectState.Exceptions, word, bit, events & PollEvents.POLLPRI);
            }
        }

        return ready;
    }
}
