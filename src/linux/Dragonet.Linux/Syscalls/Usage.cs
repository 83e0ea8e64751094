using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>struct rusage (getrusage(2)).</summary>
internal static class Usage
{
    [Syscall(Nr.getrusage, Support.Partial, "times and the maximum resident size; the other counters are zero")]
    public static SysResult getrusage(Task task, int who, UserPtr usage) => who switch
    {
        0 => Write(task, usage, (task.Process.CpuTime, task.Process.GetPeakResident())),
        1 => Write(task, usage, (task.Process.CpuTime, task.Process.GetPeakResident())),
        -1 => Write(task, usage, (task.Process.ChildrenTime, task.Process.GetChildrenPeakResident())),
        _ => Errno.EINVAL,
    };

    /// <summary>What a wait reports of a child: its own times and those of the children it waited for.</summary>
    internal static ((long User, long System) Time, long Resident) OfReaped(Process process)
    {
        var (user, system) = process.CpuTime;
        return ((user + process.ChildrenTime.User, system + process.ChildrenTime.System), Math.Max(process.GetPeakResident(), process.GetChildrenPeakResident()));
    }

    internal static Errno Write(Task task, UserPtr address, ((long User, long System) Time, long Resident) usage)
    {
        Span<long> fields = stackalloc long[18];
        fields.Clear();
        fields[0] = usage.Time.User / 1_000_000_000;
        fields[1] = usage.Time.User % 1_000_000_000 / 1000;
        fields[2] = usage.Time.System / 1_000_000_000;
        fields[3] = usage.Time.System % 1_000_000_000 / 1000;
        fields[4] = usage.Resident / 1024;
        return task.Memory.WriteArray<long>(address.Address, fields);
    }
}
