using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>struct sched_attr: all scheduling attributes in one extensible structure (sched_setattr(2)).</summary>
internal static class SchedAttributes
{
    private const int FirstSize = 48;
    private const int PageSize = 4096;
    private const ulong ResetOnFork = 1, KeepPolicy = 8, KeepParameters = 0x10, UtilClamp = 0x60, Known = 0x7f;

    [Syscall(Nr.sched_setattr, Support.Partial, "policies are kept and reported, not enforced; no SCHED_DEADLINE, no utilization clamps")]
    public static SysResult sched_setattr(Task task, int pid, UserPtr attributes, uint flags)
    {
        if (attributes.IsNull || pid < 0 || flags != 0)
        {
            return Errno.EINVAL;
        }

        var error = Read(task, attributes, out var value);
        if (error != Errno.OK)
        {
            return error;
        }

        if ((int)value.Policy < 0)
        {
            return Errno.EINVAL;
        }

        if (Sched.Find(task, pid) is not { } target)
        {
            return Errno.ESRCH;
        }

        if ((value.Flags & ~Known) != 0)
        {
            return Errno.EINVAL;
        }

        if ((value.Flags & UtilClamp) != 0)
        {
            return task.Fail(Errno.EOPNOTSUPP, "as a kernel without utilization clamps");
        }

        var policy = (value.Flags & KeepPolicy) != 0 ? SchedPolicies.Keep : (int)value.Policy;
        var (priority, nice) = (value.Flags & KeepParameters) != 0 ? (target.RtPriority, target.Process.Nice) : ((int)Math.Min(value.Priority, 100), Math.Clamp(value.Nice, -20, 19));
        return SchedPolicies.Change(task, target, policy, priority, nice, (value.Flags & ResetOnFork) != 0);
    }

    [Syscall(Nr.sched_getattr)]
    public static SysResult sched_getattr(Task task, int pid, UserPtr attributes, uint size, uint flags)
    {
        if (attributes.IsNull || pid < 0 || size is > PageSize or < FirstSize || flags != 0)
        {
            return Errno.EINVAL;
        }

        if (Sched.Find(task, pid) is not { } target)
        {
            return Errno.ESRCH;
        }

        var length = Math.Min((int)size, Marshal.SizeOf<Attributes>());
        var realTime = target.Policy is 1 or 2;
        var value = new Attributes
        {
            Size = (uint)length,
            Policy = (uint)target.Policy,
            Flags = target.ResetOnFork ? ResetOnFork : 0,
            Nice = realTime ? 0 : target.Process.Nice,
            Priority = (uint)target.RtPriority,
        };
        return task.Memory.Write(attributes.Address, MemoryMarshal.AsBytes(new ReadOnlySpan<Attributes>(in value))[..length]);
    }

    /// <summary>Structures of other sizes are accepted as far as what is unknown is zero; else E2BIG, and the size known here is stored.</summary>
    private static Errno Read(Task task, UserPtr address, out Attributes value)
    {
        value = default;
        if (task.Memory.Read(address.Address, out uint size) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        size = size == 0 ? FirstSize : size;
        if (size is >= FirstSize and <= PageSize)
        {
            Span<byte> bytes = stackalloc byte[(int)size];
            if (task.Memory.Read(address.Address, bytes) != Errno.OK)
            {
                return Errno.EFAULT;
            }

            var known = Math.Min(bytes.Length, Marshal.SizeOf<Attributes>());
            if (!bytes[known..].ContainsAnyExcept((byte)0))
            {
                bytes[..known].CopyTo(MemoryMarshal.AsBytes(new Span<Attributes>(ref value)));
                return (value.Flags & UtilClamp) != 0 && known < Marshal.SizeOf<Attributes>() ? Errno.EINVAL : Errno.OK;
            }
        }

        Span<byte> own = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(own, Marshal.SizeOf<Attributes>());
        return task.Memory.Write(address.Address, own) == Errno.OK ? Errno.E2BIG : Errno.EFAULT;
    }

    /// <summary>struct sched_attr (linux/sched/types.h), with the utilization clamps of its second version.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Attributes
    {
        public uint Size;
        public uint Policy;
        public ulong Flags;
        public int Nice;
        public uint Priority;
        public ulong Runtime;
        public ulong Deadline;
        public ulong Period;
        public uint UtilMin;
        public uint UtilMax;
    }
}
