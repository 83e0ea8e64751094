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

    [Syscall(Nr.select)]
    public static SysResult select(Task task, int count, UserPtr readers, UserPtr writers, UserPtr exceptions, UserPtr timeout)
    {
        if (task.CallState is null && !timeout.IsNull)
        {
            var error = task.Memory.Read(timeout.Address, out timeval time);
            if (error != Errno.OK)
            {
                return error;
            }

            if (time.tv_sec < 0 || time.tv_usec < 0)
            {
                return Errno.EINVAL;
            }

            // Microseconds beyond a second are carried, unlike the nanoseconds of pselect6.
            var seconds = Math.Min(time.tv_sec + time.tv_usec / 1_000_000, long.MaxValue / 2_000_000_000);
            task.SetTimeout(seconds * 1_000_000_000 + time.tv_usec % 1_000_000 * 1000);
        }

        task.OnInterrupted = static (task, result) => FinishTimeval(task, result);
        return FinishTimeval(task, Wait(task, count, readers, writers, exceptions));
    }

    [Syscall(Nr.pselect6)]
    public static SysResult pselect6(Task task, int count, UserPtr readers, UserPtr writers, UserPtr exceptions, UserPtr timeout, UserPtr maskArgument)
    {
        if (task.CallState is null)
        {
            if (!task.ReadOptionalTimespec(timeout).Ok(out var nanoseconds, out var error))
            {
                return error;
            }

            if (!maskArgument.IsNull)
            {
                Span<ulong> pair = stackalloc ulong[2]; // pointer and size
                error = task.Memory.ReadArray(maskArgument.Address, pair);
                error = error == Errno.OK ? SignalMasks.SetTemporary(task, new UserPtr(pair[0]), pair[1]) : error;
                if (error != Errno.OK)
                {
                    return error;
                }
            }

            task.SetTimeout(nanoseconds);
        }

        task.OnInterrupted = static (task, result) => FinishTimespec(task, result);
        return FinishTimespec(task, Wait(task, count, readers, writers, exceptions));
    }

    private static long Left(Task task) => Math.Max(task.Deadline - task.Kernel.Clock.MonotonicNanoseconds, 0);

    private static SysResult FinishTimeval(Task task, SysResult result)
    {
        if (!result.IsBlocked && task.Call.A4 != 0)
        {
            _ = task.Memory.Write(task.Call.A4, timeval.FromNanoseconds(Left(task)));
        }

        return result;
    }

    private static SysResult FinishTimespec(Task task, SysResult result)
    {
        if (!result.IsBlocked && task.Call.A4 != 0)
        {
            _ = task.Memory.Write(task.Call.A4, timespec.FromNanoseconds(Left(task)));
        }

        return result;
    }

    private static SysResult Wait(Task task, int count, UserPtr readers, UserPtr writers, UserPtr exceptions)
    {
        if (count < 0)
        {
            return Errno.EINVAL;
        }

        if (task.CallState is not SelectState state)
        {
            var words = (Math.Min(count, 1 << 20) + 63) / 64;
            state = new SelectState(words, new PollObserver(task));
            Errno error;
            if ((error = Load(task, readers, state.In, count)) != Errno.OK
                || (error = Load(task, writers, state.Out, count)) != Errno.OK
                || (error = Load(task, exceptions, state.Exceptions, count)) != Errno.OK)
            {
                return error;
            }
        }

        if (!Look(task, state).Ok(out var ready, out var failure))
        {
            return failure;
        }

        state.IsRegistered = true;
        if (ready == 0 && !task.TimedOut)
        {
            task.CallState = state;
            return SysResult.Block(RestartKind.Interrupt);
        }

        Errno stored;
        if ((stored = Store(task, readers, state.InReady)) != Errno.OK
            || (stored = Store(task, writers, state.OutReady)) != Errno.OK
            || (stored = Store(task, exceptions, state.ExceptionsReady)) != Errno.OK)
        {
            return stored;
        }

        return ready;
    }

    private static Result<int> Look(Task task, SelectState state)
    {
        var ready = 0;
        var register = !state.IsRegistered && !task.TimedOut;
        Array.Clear(state.InReady);
        Array.Clear(state.OutReady);
        Array.Clear(state.ExceptionsReady);
        for (var word = 0; word < state.In.Length; word++)
        {
            for (var bits = state.In[word] | state.Out[word] | state.Exceptions[word]; bits != 0; bits &= bits - 1)
            {
                var bit = bits & (~bits + 1);
                var fd = word * 64 + BitOperations.TrailingZeroCount(bits);
                if (!task.Files.Get(fd).Ok(out var file, out var error))
                {
                    return error;
                }

                var interest = ((state.In[word] & bit) != 0 ? InEvents : 0) | ((state.Out[word] & bit) != 0 ? OutEvents : 0)
                    | ((state.Exceptions[word] & bit) != 0 ? PollEvents.POLLPRI : 0);
                var events = register && ready == 0 ? task.PollFile(file, interest) : file.Poll(state.Observer);
                ready += Mark(state.In, state.InReady, word, bit, events & InEvents);
                ready += Mark(state.Out, state.OutReady, word, bit, events & OutEvents);
                ready += Mark(state.Exceptions, state.ExceptionsReady, word, bit, events & PollEvents.POLLPRI);
            }
        }

        return ready;
    }

    private static int Mark(ulong[] wanted, ulong[] ready, int word, ulong bit, PollEvents events)
    {
        if ((wanted[word] & bit) == 0 || events == 0)
        {
            return 0;
        }

        ready[word] |= bit;
        return 1;
    }

    private static Errno Load(Task task, UserPtr pointer, ulong[] set, int count)
    {
        if (pointer.IsNull || set.Length == 0)
        {
            return Errno.OK;
        }

        var error = task.Memory.ReadArray<ulong>(pointer.Address, set);
        if (count % 64 != 0)
        {
            set[^1] &= (1UL << count % 64) - 1;
        }

        return error;
    }

    private static Errno Store(Task task, UserPtr pointer, ulong[] set) =>
        pointer.IsNull ? Errno.OK : task.Memory.WriteArray<ulong>(pointer.Address, set);

    private sealed class SelectState(int words, PollObserver observer)
    {
        public ulong[] In { get; } = new ulong[words];

        public ulong[] Out { get; } = new ulong[words];

        public ulong[] Exceptions { get; } = new ulong[words];

        public ulong[] InReady { get; } = new ulong[words];

        public ulong[] OutReady { get; } = new ulong[words];

        public ulong[] ExceptionsReady { get; } = new ulong[words];

        public PollObserver Observer { get; } = observer;

        public bool IsRegistered { get; set; }
    }
}
