using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>Times in guest memory.</summary>
internal static class TimeArguments
{
    /// <summary>Reads a timespec as nanoseconds: EFAULT, or EINVAL when it is negative or not normalized.</summary>
    public static Result<long> ReadTimespec(this Task task, UserPtr pointer)
    {
        if (task.Memory.Read(pointer.Address, out timespec time) is not Errno.OK and var error)
        {
            return error;
        }

        return time.IsValid ? time.ToNanoseconds() : Errno.EINVAL;
    }

    /// <summary>Reads an optional timespec: null for a null pointer.</summary>
    public static Result<long?> ReadOptionalTimespec(this Task task, UserPtr pointer)
    {
        if (pointer.IsNull)
        {
            return (long?)null;
        }

        return task.ReadTimespec(pointer).Ok(out var value, out var error) ? value : error;
    }

    /// <summary>Reads an itimerspec as nanoseconds.</summary>
    public static Errno ReadItimerspec(this Task task, UserPtr pointer, out long value, out long interval)
    {
        (value, interval) = (0, 0);
        if (task.Memory.Read(pointer.Address, out itimerspec spec) is not Errno.OK and var error)
        {
            return error;
        }

        if (!spec.it_value.IsValid || !spec.it_interval.IsValid)
        {
            return Errno.EINVAL;
        }

        (value, interval) = (spec.it_value.ToNanoseconds(), spec.it_interval.ToNanoseconds());
        return Errno.OK;
    }

    /// <summary>Writes an itimerspec.</summary>
    public static Errno WriteItimerspec(this Task task, UserPtr pointer, long value, long interval) =>
        task.Memory.Write(pointer.Address, new itimerspec { it_value = timespec.FromNanoseconds(value), it_interval = timespec.FromNanoseconds(interval) });
}
