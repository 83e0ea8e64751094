using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Waiting for several files (poll(2), ppoll(2)).</summary>
internal static class Polls
{
    [Syscall(Nr.poll)]
    public static SysResult poll(Task task, UserPtr descriptors, uint count, int timeout)
    {
        task.SetTimeout(timeout < 0 ? null : timeout * 1_000_000L);
        return Wait(task, descriptors, count);
    }

    [Syscall(Nr.ppoll)]
    public static SysResult ppoll(Task task, UserPtr descriptors, uint count, UserPtr timeout, UserPtr mask, ulong maskSize)
    {
        if (task.CallState is null)
        {
            if (!task.ReadOptionalTimespec(timeout).Ok(out var nanoseconds, out var error))
            {
                return error;
            }

            error = SignalMasks.SetTemporary(task, mask, maskSize);
            if (error != Errno.OK)
            {
                return error;
            }

            task.SetTimeout(nanoseconds);
            task.OnInterrupted = static (task, result) => Finish(task, result);
        }

        return Finish(task, Wait(task, descriptors, count));
    }

    /// <summary>Writes back what is left of the timeout; it is no error when that cannot be written.</summary>
    private static SysResult Finish(Task task, SysResult result)
    {
        if (!result.IsBlocked && task.Call.A2 != 0)
        {
            var left = Math.Max(task.Deadline - task.Kernel.Clock.MonotonicNanoseconds, 0);
            _ = task.Memory.Write(task.Call.A2, timespec.FromNanoseconds(left));
        }

        return result;
    }

    private static SysResult Wait(Task task, UserPtr descriptors, uint count)
    {
        if (task.CallState is PollState state)
        {
            return Answer(task, descriptors, state.Descriptors, Look(task, state.Descriptors, state.Observer));
        }

        if (count > task.Process.Limits[Rlimits.Files].Soft || count > 1 << 20)
        {
            return task.Fail(Errno.EINVAL, "more descriptors than RLIMIT_NOFILE");
        }

        var files = new pollfd[count];
        var error = task.Memory.ReadArray<pollfd>(descriptors.Address, files);
        if (error != Errno.OK)
        {
            return error;
        }

        var result = Answer(task, descriptors, files, Look(task, files, null));
        if (result.IsBlocked)
        {
            task.CallState = new PollState(files, new PollObserver(task));
        }

        return result;
    }

    private static SysResult Answer(Task task, UserPtr descriptors, pollfd[] files, int ready)
    {
        if (ready == 0 && !task.TimedOut)
        {
            return SysResult.Block(RestartKind.Interrupt);
        }

        var error = task.Memory.WriteArray<pollfd>(descriptors.Address, files);
        return error == Errno.OK ? ready : error;
    }

    /// <summary>Looks at every file; registers with all of them when none was ready before and this is the first look.</summary>
    private static int Look(Task task, pollfd[] files, PollObserver? observer)
    {
        var ready = 0;
        var register = observer is null && !task.TimedOut;
        observer ??= new PollObserver(task);
        for (var i = 0; i < files.Length; i++)
        {
            ref var entry = ref files[i];
            entry.revents = 0;
            if (entry.fd < 0)
            {
                continue;
            }

            var interest = (PollEvents)(ushort)entry.events | PollEvents.POLLERR | PollEvents.POLLHUP;
            var events = !task.Files.Get(entry.fd).Ok(out var file) ? PollEvents.POLLNVAL
                : register && ready == 0 ? task.PollFile(file, interest)
                : file.Poll(observer) & interest;
            entry.revents = (short)events;
            ready += events != 0 ? 1 : 0;
        }

        return ready;
    }

    private sealed record PollState(pollfd[] Descriptors, PollObserver Observer);
}
