using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>The system about itself.</summary>
internal static class Info
{
    [Syscall(Nr.uname)]
    public static SysResult uname(Task task, UserPtr buffer)
    {
        const int field = 65;
        Span<byte> bytes = stackalloc byte[field * 6];
        bytes.Clear();
        var uts = task.Jail.Uts;
        ReadOnlySpan<string> names = ["Linux", uts.NodeName, uts.OsRelease, UtsName.Version, "x86_64", uts.DomainName];
        for (var i = 0; i < names.Length; i++)
        {
            var text = ByteString.ToBytes(names[i]);
            text.AsSpan(0, Math.Min(text.Length, field - 1)).CopyTo(bytes[(i * field)..]);
        }

        return task.Memory.Write(buffer.Address, bytes);
    }

    [Syscall(Nr.sethostname)]
    public static SysResult sethostname(Task task, UserPtr name, int length) => SetName(task, name, length, static (uts, value) => uts.NodeName = value);

    [Syscall(Nr.setdomainname)]
    public static SysResult setdomainname(Task task, UserPtr name, int length) => SetName(task, name, length, static (uts, value) => uts.DomainName = value);

    [Syscall(Nr.sysinfo)]
    public static SysResult sysinfo(Task task, UserPtr info)
    {
        // struct sysinfo: uptime, loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap, procs(u16), …, mem_unit(u32)
        Span<byte> bytes = stackalloc byte[112];
        bytes.Clear();
        var jail = task.Jail;
        Put(bytes, 0, (task.Kernel.Clock.MonotonicNanoseconds - jail.StartTime) / 1_000_000_000);
        Put(bytes, 32, jail.MemoryTotal);
        Put(bytes, 40, Math.Max(0, jail.MemoryTotal - jail.MemoryUsed - jail.Files.Used));
        Put(bytes, 48, jail.Files.Used);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[80..], (ushort)Math.Min(task.Jail.TaskCount, ushort.MaxValue));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[104..], 1);
        return task.Memory.Write(info.Address, bytes);

        static void Put(Span<byte> target, int at, long value) => BinaryPrimitives.WriteInt64LittleEndian(target[at..], value);
    }

    [Syscall(Nr.getrandom)]
    public static SysResult getrandom(Task task, UserPtr buffer, ulong count, uint flags)
    {
        const uint nonBlock = 1, random = 2, insecure = 4;
        if ((flags & ~(nonBlock | random | insecure)) != 0 || (flags & (random | insecure)) == (random | insecure))
        {
            return task.Fail(Errno.EINVAL, "unknown or contradictory flags");
        }

        Span<byte> chunk = stackalloc byte[1024];
        var left = Math.Min(count, int.MaxValue);
        ulong done = 0;
        while (done < left)
        {
            var part = chunk[..(int)Math.Min(left - done, (ulong)chunk.Length)];
            task.Kernel.Platform.Fill(part);
            if (task.Memory.Write(buffer.Address + done, part) != Errno.OK)
            {
                return done == 0 ? Errno.EFAULT : (long)done;
            }

            done += (ulong)part.Length;
        }

        return (long)done;
    }

    [Syscall(Nr.getcpu)]
    public static SysResult getcpu(Task task, UserPtr cpu, UserPtr node, UserPtr cache) => SysResult.Native;

    [Syscall(Nr.personality, Support.Partial, "PER_LINUX and ADDR_NO_RANDOMIZE, which changes nothing")]
    public static SysResult personality(Task task, uint persona)
    {
        const uint query = 0xffff_ffff, noRandomize = 0x0040_0000;
        return persona is query or 0 or noRandomize ? 0 : Errno.EINVAL;
    }

    [Syscall(Nr.syslog, Support.Partial, "reading does not take lines away; nothing goes to a console")]
    public static SysResult syslog(Task task, int type, UserPtr buffer, int length)
    {
        const int read = 2, readAll = 3, readClear = 4, clear = 5, consoleOff = 6, consoleOn = 7, consoleLevel = 8, sizeUnread = 9, sizeBuffer = 10;
        if (type is < 0 or > sizeBuffer)
        {
            return Errno.EINVAL;
        }

        // Without a restriction (dmesg_restrict) everybody may look.
        if (type is not (readAll or sizeBuffer) && !task.Credentials.Has(Capability.CAP_SYSLOG))
        {
            return Errno.EPERM;
        }

        var log = task.Kernel.Log;
        switch (type)
        {
            case sizeBuffer:
                return KernelLog.Size;
            case sizeUnread:
                return log.Read().Length;
            case clear:
                log.Clear();
                return 0;
            case consoleLevel:
                return length is < 1 or > 8 ? Errno.EINVAL : 0;
            case read or readAll or readClear:
                if (length < 0 || buffer.IsNull)
                {
                    return Errno.EINVAL;
                }

                var text = log.Read();
                var last = text.AsSpan(text.Length - Math.Min(text.Length, length));
                var error = task.Memory.WriteArray(buffer.Address, (ReadOnlySpan<byte>)last);
                if (error != Errno.OK)
                {
                    return error;
                }

                if (type == readClear)
                {
                    log.Clear();
                }

                return last.Length;
            default:
                _ = (consoleOff, consoleOn); // and open and close (0, 1): nothing to do
                return 0;
        }
    }

    [Syscall(Nr.reboot, Support.Refused, "the kernel ends with its first program")]
    public static SysResult reboot(Task task, uint magic, uint magic2, uint command, UserPtr argument) => Errno.EPERM;

    private static SysResult SetName(Task task, UserPtr name, int length, Action<UtsName, string> set)
    {
        if (!task.Jail.MaySetNames(task.Credentials))
        {
            return Errno.EPERM;
        }

        if (length is < 0 or > 64)
        {
            return Errno.EINVAL;
        }

        Span<byte> bytes = stackalloc byte[length];
        if (task.Memory.ReadArray(name.Address, bytes) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        set(task.Jail.Uts, ByteString.FromBytes(bytes));
        return 0;
    }
}
