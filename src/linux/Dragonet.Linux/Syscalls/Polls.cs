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
        if (task.CallState is pollfd[] known)
        {
            return Answer(task, descriptors, known, Look(task, known, register: false));
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

        // Mostly something is ready: only who must wait registers, and then looks again.
        var result = Answer(task, descriptors, files, Look(task, files, register: false));
        if (result.IsBlocked)
        {
            task.CallState = files;
            result = Answer(task, descriptors, files, Look(task, files, register: true));
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

    /// <summary>Looks at every file; may register with all of them until one is ready.</summary>
    private static int Look(Task task, pollfd[] files, bool register)
    {
        var ready = 0;
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
                : file.Poll(task.Observer) & interest;
            entry.revents = (short)events;
            ready += events != 0 ? 1 : 0;
        }

        return ready;
    }
}
