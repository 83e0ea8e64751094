using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Counters, timers and signals as files (eventfd(2), timerfd_create(2), signalfd(2)).</summary>
internal static class EventFiles
{
    private const OpenFlags Common = OpenFlags.O_CLOEXEC | OpenFlags.O_NONBLOCK;
    private const int Semaphore = 1;
    private const int AbsoluteTime = 1;
    private const int CancelOnSet = 2;

    [Syscall(Nr.eventfd)]
    public static SysResult eventfd(Task task, uint initial) => eventfd2(task, initial, OpenFlags.O_RDONLY);

    [Syscall(Nr.eventfd2)]
    public static SysResult eventfd2(Task task, uint initial, OpenFlags flags)
    {
        if (((int)flags & ~((int)Common | Semaphore)) != 0)
        {
            return task.Fail(Errno.EINVAL, "unknown flag");
        }

        var file = new EventFile(initial, ((int)flags & Semaphore) != 0, OpenFlags.O_RDWR | (flags & OpenFlags.O_NONBLOCK));
        return task.Install(file, (flags & OpenFlags.O_CLOEXEC) != 0);
    }

    [Syscall(Nr.timerfd_create)]
    public static SysResult timerfd_create(Task task, ClockId clock, OpenFlags flags)
    {
        if ((flags & ~Common) != 0)
        {
            return task.Fail(Errno.EINVAL, "unknown flag");
        }

        switch (clock)
        {
            case ClockId.CLOCK_REALTIME or ClockId.CLOCK_MONOTONIC or ClockId.CLOCK_BOOTTIME:
                break;
            case ClockId.CLOCK_REALTIME_ALARM or ClockId.CLOCK_BOOTTIME_ALARM:
                if (!task.Credentials.Has(Capability.CAP_WAKE_ALARM))
                {
                    return Errno.EPERM;
                }

                break;
            default:
                return task.Fail(Errno.EINVAL, "clock has no timer files");
        }

        return task.Install(new TimerFile(task.Kernel, clock, OpenFlags.O_RDWR | (flags & OpenFlags.O_NONBLOCK)), (flags & OpenFlags.O_CLOEXEC) != 0);
    }

    [Syscall(Nr.timerfd_settime)]
    public static SysResult timerfd_settime(Task task, Fd descriptor, int flags, UserPtr newValue, UserPtr oldValue)
    {
        if ((flags & ~(AbsoluteTime | CancelOnSet)) != 0)
        {
            return task.Fail(Errno.EINVAL, "unknown flag");
        }

        var error = task.ReadItimerspec(newValue, out var first, out var interval);
        if (error != Errno.OK)
        {
            return error;
        }

        if (!task.Files.Get(descriptor.Value).Ok(out var file, out error))
        {
            return error;
        }

        if (file is not TimerFile timer)
        {
            return Errno.EINVAL;
        }

        var (left, every) = timer.Set(first, interval, (flags & AbsoluteTime) != 0, flags);
        return oldValue.IsNull ? Errno.OK : task.WriteItimerspec(oldValue, left, every);
    }

    [Syscall(Nr.timerfd_gettime)]
    public static SysResult timerfd_gettime(Task task, Fd descriptor, UserPtr value)
    {
        if (!task.Files.Get(descriptor.Value).Ok(out var file, out var error))
        {
            return error;
        }

        if (file is not TimerFile timer)
        {
            return Errno.EINVAL;
        }

        var (left, every) = timer.Get();
        return task.WriteItimerspec(value, left, every);
    }

    [Syscall(Nr.signalfd)]
    public static SysResult signalfd(Task task, Fd descriptor, UserPtr mask, ulong maskSize) => signalfd4(task, descriptor, mask, maskSize, OpenFlags.O_RDONLY);

    [Syscall(Nr.signalfd4)]
    public static SysResult signalfd4(Task task, Fd descriptor, UserPtr mask, ulong maskSize, OpenFlags flags)
    {
        if (maskSize != 8 || (flags & ~Common) != 0)
        {
            return task.Fail(Errno.EINVAL, "mask size or unknown flag");
        }

        var error = task.Memory.Read(mask.Address, out ulong set);
        if (error != Errno.OK)
        {
            return error;
        }

        if (descriptor.Value == -1)
        {
            return task.Install(new SignalFile(task, set, OpenFlags.O_RDWR | (flags & OpenFlags.O_NONBLOCK)), (flags & OpenFlags.O_CLOEXEC) != 0);
        }

        if (!task.Files.Get(descriptor.Value).Ok(out var file, out error))
        {
            return error;
        }

        if (file is not SignalFile signals)
        {
            return Errno.EINVAL;
        }

        signals.SetMask(task, set);
        return descriptor.Value;
    }
}
