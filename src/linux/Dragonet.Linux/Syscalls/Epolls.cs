using System.Buffers;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Waiting for many files (epoll(7)). EPOLLWAKEUP is accepted and has no meaning here.</summary>
internal static class Epolls
{
    /// <summary>At most this many events are answered by one call.</summary>
    private const int MaxEvents = 1024;

    private const uint ExclusiveAllowed = (uint)(PollEvents.POLLIN | PollEvents.POLLOUT | PollEvents.POLLERR | PollEvents.POLLHUP)
        | (uint)(EpollFlags.EPOLLWAKEUP | EpollFlags.EPOLLET | EpollFlags.EPOLLEXCLUSIVE);

    [Syscall(Nr.epoll_create)]
    public static SysResult epoll_create(Task task, int size) => size <= 0 ? Errno.EINVAL : epoll_create1(task, OpenFlags.O_RDONLY);

    [Syscall(Nr.epoll_create1)]
    public static SysResult epoll_create1(Task task, OpenFlags flags)
    {
        if ((flags & ~OpenFlags.O_CLOEXEC) != 0)
        {
            return task.Fail(Errno.EINVAL, "unknown flag");
        }

        return task.Install(new EpollFile(task.Kernel), (flags & OpenFlags.O_CLOEXEC) != 0);
    }

    [Syscall(Nr.epoll_ctl)]
    public static SysResult epoll_ctl(Task task, Fd instance, EpollCtl operation, Fd target, UserPtr eventPointer)
    {
        epoll_event wanted = default;
        if (operation != EpollCtl.EPOLL_CTL_DEL && task.Memory.Read(eventPointer.Address, out wanted) is not Errno.OK and var fault)
        {
            return fault;
        }

        if (!task.Files.Get(instance.Value).Ok(out var file, out var error) || !task.Files.Get(target.Value).Ok(out var watched, out error))
        {
            return error;
        }

        // Regular files and directories are always ready and cannot be watched.
        if (watched.GetAttributes() is { IsOk: true, Value.Mode: var mode } && (mode & 0xf000) is 0x8000 or 0x4000)
        {
            return task.Fail(Errno.EPERM, "file cannot be polled");
        }

        if (file is not EpollFile epoll || watched == file)
        {
            return Errno.EINVAL;
        }

        if ((wanted.events & (uint)EpollFlags.EPOLLEXCLUSIVE) != 0
            && (operation != EpollCtl.EPOLL_CTL_ADD || watched is EpollFile || (wanted.events & ~ExclusiveAllowed) != 0))
        {
            return task.Fail(Errno.EINVAL, "EPOLLEXCLUSIVE");
        }

        return operation switch
        {
            EpollCtl.EPOLL_CTL_ADD => epoll.Add(watched, target.Value, wanted.events, wanted.data, task),
            EpollCtl.EPOLL_CTL_MOD => epoll.Modify(watched, target.Value, wanted.events, wanted.data, task),
            EpollCtl.EPOLL_CTL_DEL => epoll.Remove(watched, target.Value),
            _ => Errno.EINVAL,
        };
    }

    [Syscall(Nr.epoll_wait)]
    public static SysResult epoll_wait(Task task, Fd instance, UserPtr events, int count, int timeout)
    {
        task.SetTimeout(timeout < 0 ? null : timeout * 1_000_000L);
        return Wait(task, instance, events, count);
    }

    [Syscall(Nr.epoll_pwait)]
    public static SysResult epoll_pwait(Task task, Fd instance, UserPtr events, int count, int timeout, UserPtr mask, ulong maskSize)
    {
        if (task.CallState is null && SignalMasks.SetTemporary(task, mask, maskSize) is not Errno.OK and var error)
        {
            return error;
        }

        return epoll_wait(task, instance, events, count, timeout);
    }

    [Syscall(Nr.epoll_pwait2)]
    public static SysResult epoll_pwait2(Task task, Fd instance, UserPtr events, int count, UserPtr timeout, UserPtr mask, ulong maskSize)
    {
        if (task.CallState is null)
        {
            if (!task.ReadOptionalTimespec(timeout).Ok(out var nanoseconds, out var error)
                || (error = SignalMasks.SetTemporary(task, mask, maskSize)) != Errno.OK)
            {
                return error;
            }

            task.SetTimeout(nanoseconds);
        }

        return Wait(task, instance, events, count);
    }

    private static SysResult Wait(Task task, Fd instance, UserPtr events, int count)
    {
        if (count is <= 0 or > int.MaxValue / 12)
        {
            return Errno.EINVAL;
        }

        var waiting = task.CallState as WaitState;
        if (waiting?.Epoll is not { } epoll)
        {
            if (!task.Files.Get(instance.Value).Ok(out var file, out var error))
            {
                return error;
            }

            if (file is not EpollFile asked)
            {
                return Errno.EINVAL;
            }

            epoll = asked;
        }

        var buffer = ArrayPool<epoll_event>.Shared.Rent(Math.Min(count, MaxEvents));
        var found = epoll.Collect(buffer.AsSpan(0, Math.Min(count, MaxEvents)), task.Observer);
        var stored = task.Memory.WriteArray<epoll_event>(events.Address, buffer.AsSpan(0, found));
        ArrayPool<epoll_event>.Shared.Return(buffer);
        if (found > 0 || task.TimedOut)
        {
            if (waiting is null)
            {
                epoll.PassOn();
            }

            return stored == Errno.OK ? found : stored;
        }

        task.CallState = waiting ?? new WaitState(epoll);
        return task.WaitOn(epoll.Queue, RestartKind.Interrupt, PollEvents.All, exclusive: true);
    }

    /// <summary>Whoever stops waiting, for whatever reason, lets the next one see what is still ready.</summary>
    private sealed class WaitState(EpollFile epoll) : IDisposable
    {
        public EpollFile Epoll => epoll;

        public void Dispose() => epoll.PassOn();
    }
}
