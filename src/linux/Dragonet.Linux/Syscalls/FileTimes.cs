using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Access and modification times (utimensat(2), utime(2)).</summary>
internal static class FileTimes
{
    private const long UTIME_NOW = 0x3fffffff;
    private const long UTIME_OMIT = 0x3ffffffe;

    [Syscall(Nr.utime)]
    public static SysResult utime(Task task, UserString path, UserPtr times)
    {
        Span<long> seconds = stackalloc long[2];
        if (!times.IsNull && task.Memory.ReadArray(times.Address, seconds) is not Errno.OK and var error)
        {
            return error;
        }

        return Change(task, new Fd(-100), path, AtFlags.None, times.IsNull ? null : seconds[0] * 1_000_000_000, times.IsNull ? null : seconds[1] * 1_000_000_000, times.IsNull);
    }

    [Syscall(Nr.utimes)]
    public static SysResult utimes(Task task, UserString path, UserPtr times) => futimesat(task, new Fd(-100), path, times);

    [Syscall(Nr.futimesat)]
    public static SysResult futimesat(Task task, Fd directory, UserString path, UserPtr times)
    {
        if (times.IsNull)
        {
            return Change(task, directory, path, AtFlags.None, null, null, now: true);
        }

        Span<timeval> values = stackalloc timeval[2];
        if (task.Memory.ReadArray(times.Address, values) is not Errno.OK and var error)
        {
            return error;
        }

        if ((ulong)values[0].tv_usec >= 1_000_000 || (ulong)values[1].tv_usec >= 1_000_000)
        {
            return Errno.EINVAL;
        }

        return Change(task, directory, path, AtFlags.None, Nanoseconds(values[0].tv_sec, values[0].tv_usec * 1000), Nanoseconds(values[1].tv_sec, values[1].tv_usec * 1000), now: false);
    }

    [Syscall(Nr.utimensat)]
    public static SysResult utimensat(Task task, Fd directory, UserString path, UserPtr times, AtFlags flags)
    {
        if ((flags & ~(AtFlags.AT_SYMLINK_NOFOLLOW | AtFlags.AT_EMPTY_PATH)) != 0)
        {
            return Errno.EINVAL;
        }

        if (times.IsNull)
        {
            return Change(task, directory, path, flags, null, null, now: true);
        }

        Span<timespec> values = stackalloc timespec[2];
        if (task.Memory.ReadArray(times.Address, values) is not Errno.OK and var error)
        {
            return error;
        }

        foreach (var value in values)
        {
            if (value.tv_nsec is not (UTIME_NOW or UTIME_OMIT) && (ulong)value.tv_nsec >= 1_000_000_000)
            {
                return Errno.EINVAL;
            }
        }

        if (values[0].tv_nsec == UTIME_OMIT && values[1].tv_nsec == UTIME_OMIT)
        {
            return 0;
        }

        if (values[0].tv_nsec == UTIME_NOW && values[1].tv_nsec == UTIME_NOW)
        {
            return Change(task, directory, path, flags, null, null, now: true);
        }

        return Change(task, directory, path, flags, Time(task, values[0]), Time(task, values[1]), now: false);
    }

    private static long? Time(Task task, timespec value) => value.tv_nsec switch
    {
        UTIME_OMIT => null,
        UTIME_NOW => task.Kernel.Vfs.Now,
        _ => Nanoseconds(value.tv_sec, value.tv_nsec),
    };

    // Times that do not fit are clamped, as file systems do.
    private static long Nanoseconds(long seconds, long nanoseconds)
        => seconds >= long.MaxValue / 1_000_000_000 ? long.MaxValue : seconds <= long.MinValue / 1_000_000_000 ? long.MinValue : seconds * 1_000_000_000 + nanoseconds;

    private static SysResult Change(Task task, Fd directory, UserString path, AtFlags flags, long? access, long? modify, bool now)
    {
        VfsPath? place;
        Errno error;
        if (path.IsNull)
        {
            // futimens(3): the descriptor itself.
            if (directory.IsCwd)
            {
                return Errno.EFAULT;
            }

            if (!Attributes.OfDescriptor(task, directory).Ok(out place, out error))
            {
                return error;
            }
        }
        else if (!task.Find(directory, path, flags.ToWalk()).Ok(out place, out error))
        {
            return error;
        }

        if (now)
        {
            access = modify = task.Kernel.Vfs.Now;
        }

        return task.Kernel.Vfs.ChangeTimes(task, place, access, modify, now);
    }
}
