using System.Buffers.Binary;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Signals;

/// <summary>siginfo_t in guest memory (asm-generic/siginfo.h): which member of the union counts depends on signal and code.</summary>
internal static class SigInfoLayout
{
    internal const int Size = 128;

    private const int TimerCode = -2;
    private const int SigIoCode = -5;

    /// <summary>Lays it out in 128 bytes.</summary>
    internal static void Write(Task task, Span<byte> target, in SigInfo info)
    {
        target[..Size].Clear();
        Int(target, 0, info.Signal);
        Int(target, 4, info.Errno);
        Int(target, 8, info.Code);
        switch (info.Code)
        {
            case TimerCode:
                Int(target, 16, info.TimerId);
                Int(target, 20, info.Overrun);
                Long(target, 24, info.Value);
                return;
            case SigIoCode:
                Long(target, 16, (ulong)info.Band);
                Int(target, 24, info.Fd);
                return;
            default:
                break;
        }

        if (info.Code > 0 && info.Code < 0x80 && info.Signal is Sig.SEGV or Sig.BUS or Sig.FPE or Sig.ILL or Sig.TRAP && info.Code > 0)
        {
            Long(target, 16, info.Address);
        }
        else if (info.Signal == Sig.CHLD && info.Code > 0)
        {
            Int(target, 16, info.Pid);
            Int(target, 20, (int)ToLocal(task, info));
            Int(target, 24, info.Status);
            Long(target, 32, (ulong)info.UserTicks);
            Long(target, 40, (ulong)info.SystemTicks);
        }
        else if ((info.Signal is Sig.IO || info.Band != 0) && info.Code > 0)
        {
            Long(target, 16, (ulong)info.Band);
            Int(target, 24, info.Fd);
        }
        else
        {
            Int(target, 16, info.Pid);
            Int(target, 20, (int)ToLocal(task, info));
            Long(target, 24, info.Value);
        }
    }

    /// <summary>The sender as the receiver's user namespace calls him; the kernel itself is nobody there.</summary>
    internal static uint ToLocal(Task task, in SigInfo info) => info.Code <= 0 || info.Signal == Sig.CHLD ? task.Credentials.ShownUid(info.Uid) : info.Uid;

    /// <summary>The kernel's number of whom a sender says to be.</summary>
    internal static uint ToKernel(Task task, uint uid)
        => task.Credentials.KernelUid(uid) is var known && known == UserNamespace.NoId && task.Credentials.Namespace is not null ? UserNamespace.Overflow : known;

    /// <summary>From guest memory (rt_sigqueueinfo(2)).</summary>
    internal static SigInfo Read(ReadOnlySpan<byte> source) => new()
    {
        Signal = BinaryPrimitives.ReadInt32LittleEndian(source),
        Errno = BinaryPrimitives.ReadInt32LittleEndian(source[4..]),
        Code = BinaryPrimitives.ReadInt32LittleEndian(source[8..]),
        Pid = BinaryPrimitives.ReadInt32LittleEndian(source[16..]),
        Uid = BinaryPrimitives.ReadUInt32LittleEndian(source[20..]),
        Value = BinaryPrimitives.ReadUInt64LittleEndian(source[24..]),
    };

    private static void Int(Span<byte> target, int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(target[at..], value);

    private static void Long(Span<byte> target, int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(target[at..], value);
}
