using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>capget(2), capset(2).</summary>
internal static class Capabilities
{
    private const uint Version1 = 0x1998_0330;
    private const uint Version2 = 0x2007_1026;
    private const uint Version3 = 0x2008_0522;

    [Syscall(Nr.capget)]
    public static SysResult capget(Task task, UserPtr header, UserPtr data)
    {
        if (!ReadHeader(task, header, out var pid, out var words, out var error))
        {
            return error == Errno.EINVAL && data.IsNull ? 0 : error;
        }

        if (pid < 0)
        {
            return Errno.EINVAL;
        }

        var target = pid == 0 ? task : task.Jail.FindTask(pid);
        if (target is null)
        {
            return Errno.ESRCH;
        }

        if (data.IsNull)
        {
            return 0;
        }

        var c = target.Credentials;
        ReadOnlySpan<uint> sets =
        [
            (uint)c.Effective, (uint)c.Permitted, (uint)c.Inheritable,
            (uint)(c.Effective >> 32), (uint)(c.Permitted >> 32), (uint)(c.Inheritable >> 32),
        ];
        return task.Memory.WriteArray(data.Address, sets[..(words * 3)]);
    }

    [Syscall(Nr.capset)]
    public static SysResult capset(Task task, UserPtr header, UserPtr data)
    {
        if (!ReadHeader(task, header, out var pid, out var words, out var error))
        {
            return error;
        }

        if (pid != 0 && pid != task.Tid)
        {
            return Errno.EPERM;
        }

        Span<uint> sets = stackalloc uint[6];
        sets.Clear();
        if (task.Memory.ReadArray(data.Address, sets[..(words * 3)]) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        var effective = sets[0] | (ulong)sets[3] << 32;
        var permitted = sets[1] | (ulong)sets[4] << 32;
        var inheritable = sets[2] | (ulong)sets[5] << 32;
        var old = task.Credentials;
        if ((permitted & ~old.Permitted) != 0 || (effective & ~permitted) != 0
            || (inheritable & ~(old.Inheritable | old.Bounding)) != 0
            || (!old.HasWithin(Capability.CAP_SETPCAP) && (inheritable & ~(old.Inheritable | old.Permitted)) != 0))
        {
            return Errno.EPERM;
        }

        task.Credentials = old with
        {
            Effective = effective,
            Permitted = permitted,
            Inheritable = inheritable,
            Ambient = old.Ambient & permitted & inheritable,
        };
        return 0;
    }

    private static bool ReadHeader(Task task, UserPtr header, out int pid, out int words, out Errno error)
    {
        pid = 0;
        words = 2;
        error = Errno.OK;
        Span<uint> fields = stackalloc uint[2];
        if (task.Memory.ReadArray(header.Address, fields) != Errno.OK)
        {
            error = Errno.EFAULT;
            return false;
        }

        pid = (int)fields[1];
        words = fields[0] == Version1 ? 1 : 2;
        if (fields[0] is Version1 or Version2 or Version3)
        {
            return true;
        }

        error = task.Memory.Write(header.Address, Version3) == Errno.OK ? Errno.EINVAL : Errno.EFAULT;
        return false;
    }
}
