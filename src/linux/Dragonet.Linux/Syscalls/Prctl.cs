using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>prctl(2).</summary>
internal static class Prctl
{
    [Syscall(Nr.prctl, Support.Partial, "process attributes; memory-layout, tagging and speculation options answer EINVAL")]
    public static SysResult prctl(Task task, int option, ulong a2, ulong a3, ulong a4, ulong a5)
    {
        var process = task.Process;
        var c = task.Credentials;
        switch (option)
        {
            case 1: // PR_SET_PDEATHSIG
                if (a2 > Sig.Max)
                {
                    return Errno.EINVAL;
                }

                process.ParentDeathSignal = (int)a2;
                return 0;
            case 2: // PR_GET_PDEATHSIG
                return task.Memory.Write(a2, process.ParentDeathSignal);
            case 3: // PR_GET_DUMPABLE
                return process.Dumpable;
            case 4: // PR_SET_DUMPABLE
                if (a2 > 1)
                {
                    return Errno.EINVAL;
                }

                process.Dumpable = (int)a2;
                return 0;
            case 7: // PR_GET_KEEPCAPS
                return (c.SecureBits & 16) != 0 ? 1 : 0;
            case 8: // PR_SET_KEEPCAPS
                if (a2 > 1)
                {
                    return Errno.EINVAL;
                }

                if ((c.SecureBits & 32) != 0)
                {
                    return Errno.EPERM;
                }

                task.Credentials = c with { SecureBits = (c.SecureBits & ~16u) | ((uint)a2 << 4) };
                return 0;
            case 13: // PR_GET_TIMING
            case 14 when a2 == 0:
                return 0;
            case 15: // PR_SET_NAME
                if (!new UserString(a2).Read(task, 16, Errno.OK).Ok(out var name, out var bad) && bad != Errno.OK)
                {
                    return bad;
                }

                task.Name = name ?? ReadLongName(task, a2);
                return 0;
            case 16: // PR_GET_NAME
                Span<byte> text = stackalloc byte[16];
                text.Clear();
                ByteString.ToBytes(task.Name).AsSpan(0, Math.Min(15, task.Name.Length)).CopyTo(text);
                return task.Memory.Write(a2, text);
            case 21: // PR_GET_SECCOMP
                return 0;
            case 23: // PR_CAPBSET_READ
                return a2 > 40 ? Errno.EINVAL : (int)(c.Bounding >> (int)a2 & 1);
            case 24: // PR_CAPBSET_DROP
                if (!c.HasWithin(Capability.CAP_SETPCAP))
                {
                    return Errno.EPERM;
                }

                if (a2 > 40)
                {
                    return Errno.EINVAL;
                }

                task.Credentials = c with { Bounding = c.Bounding & ~(1UL << (int)a2) };
                return 0;
            case 27: // PR_GET_SECUREBITS
                return c.SecureBits;
            case 28: // PR_SET_SECUREBITS
                if (!c.HasWithin(Capability.CAP_SETPCAP) || (a2 & ~0xffUL) != 0)
                {
                    return Errno.EPERM;
                }

                task.Credentials = c with { SecureBits = (uint)a2 };
                return 0;
            case 29: // PR_SET_TIMERSLACK
                task.TimerSlack = (long)a2 <= 0 ? task.DefaultTimerSlack : a2;
                return 0;
            case 30: // PR_GET_TIMERSLACK
                return (long)task.TimerSlack;
            case 36: // PR_SET_CHILD_SUBREAPER
                process.IsSubreaper = a2 != 0;
                return 0;
            case 37: // PR_GET_CHILD_SUBREAPER
                return task.Memory.Write(a2, process.IsSubreaper ? 1 : 0);
            case 38: // PR_SET_NO_NEW_PRIVS
                if (a2 != 1 || a3 != 0 || a4 != 0 || a5 != 0)
                {
                    return Errno.EINVAL;
                }

                process.NoNewPrivileges = true;
                return 0;
            case 39: // PR_GET_NO_NEW_PRIVS
                return (a2 | a3 | a4 | a5) != 0 ? Errno.EINVAL : process.NoNewPrivileges ? 1 : 0;
            case 40: // PR_GET_TID_ADDRESS
                return task.Memory.Write(a2, task.ClearTid);
            case 41: // PR_SET_THP_DISABLE
            case 42: // PR_GET_THP_DISABLE
                return 0;
            case 47: // PR_CAP_AMBIENT
                return Ambient(task, c, a2, a3);
            case 0x53564d41: // PR_SET_VMA: names of anonymous memory are not kept
                return Errno.EINVAL;
            default:
                return task.Fail(Errno.EINVAL, "option not known");
        }
    }

    private static SysResult Ambient(Task task, Credentials c, ulong operation, ulong capability)
    {
        if (capability > 40)
        {
            return Errno.EINVAL;
        }

        var bit = 1UL << (int)capability;
        switch (operation)
        {
            case 1: // IS_SET
                return (c.Ambient & bit) != 0 ? 1 : 0;
            case 2: // RAISE
                if ((c.Permitted & c.Inheritable & bit) == 0)
                {
                    return Errno.EPERM;
                }

                task.Credentials = c with { Ambient = c.Ambient | bit };
                return 0;
            case 3: // LOWER
                task.Credentials = c with { Ambient = c.Ambient & ~bit };
                return 0;
            case 4: // CLEAR_ALL
                task.Credentials = c with { Ambient = 0 };
                return 0;
            default:
                return Errno.EINVAL;
        }
    }

    /// <summary>PR_SET_NAME cuts silently after 15 bytes.</summary>
    private static string ReadLongName(Task task, ulong address)
    {
        Span<byte> bytes = stackalloc byte[15];
        var count = task.Memory.ReadSome(address, bytes);
        return ByteString.FromBytes(bytes[..count]);
    }
}
