using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Platform;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Signals;

/// <summary>
/// struct rt_sigframe of x86-64: return address, ucontext (304 bytes), siginfo (128 bytes), and above them the FPU state. The layout
/// is the ABI: debuggers, unwinders and handlers look into it.
/// </summary>
internal static class SignalFrame
{
    private const int ContextOffset = 8;
    private const int ContextSize = 304;
    private const int InfoOffset = ContextOffset + ContextSize;
    private const int FrameSize = InfoOffset + 128;
    private const int RegistersOffset = 40;
    private const int FpuPointerOffset = 224;
    private const int MaskOffset = 296;

    /// <summary>Writes a frame below <paramref name="stack"/> and points the context at the handler.</summary>
    internal static bool Write(Task task, MachineContext context, in SigInfo info, in SignalAction action, ulong stack, ulong mask)
    {
        var fpu = (stack - (ulong)context.FpuLength) & ~63UL;
        var frameAddress = ((fpu - FrameSize + 8) & ~15UL) - 8;
        var bytes = System.Buffers.ArrayPool<byte>.Shared.Rent(FrameSize + context.FpuLength);
        try
        {
            var frame = bytes.AsSpan(0, FrameSize + context.FpuLength);
            frame[..FrameSize].Clear();
            Put(frame, 0, action.Restorer);
            var user = frame[ContextOffset..];
            Put(user, 0, 7); // UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS
            var (altBase, altFlags, altSize) = task.AltStack;
            Put(user, 16, altBase);
            BinaryPrimitives.WriteInt32LittleEndian(user[24..], altSize == 0 ? 2 : altFlags);
            Put(user, 32, altSize);
            StoreRegisters(user[RegistersOffset..], context, mask);
            Put(user, FpuPointerOffset, context.FpuLength == 0 ? 0 : fpu);
            Put(user, MaskOffset, mask);
            SigInfoLayout.Write(task, frame[InfoOffset..FrameSize], info);
            context.Fpu.AsSpan(0, context.FpuLength).CopyTo(frame[FrameSize..]);
            if (task.Space.WriteVector([(frameAddress, FrameSize), (fpu, context.FpuLength)], frame) != Errno.OK)
            {
                return false;
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(bytes);
        }

        context.Rdi = (ulong)info.Signal;
        context.Rsi = frameAddress + InfoOffset;
        context.Rdx = frameAddress + ContextOffset;
        context.Rax = 0;
        context.Rsp = frameAddress;
        context.Rip = action.Handler;
        context.Flags &= ~(0x400UL | 0x10000UL | 0x100UL); // DF, RF, TF
        context.FpuLength = 0;                              // handlers start with the initial FPU state
        return true;
    }

    /// <summary>rt_sigreturn(2): takes the frame at the stack pointer apart. False when it cannot be read.</summary>
    internal static bool Read(Task task, MachineContext context, out ulong mask, out (ulong Base, int Flags, ulong Size) altStack)
    {
        Span<byte> user = stackalloc byte[ContextSize];
        mask = 0;
        altStack = default;
        if (task.Memory.Read(context.Rsp, user) != Errno.OK)
        {
            return false;
        }

        altStack = (Get(user, 16), BinaryPrimitives.ReadInt32LittleEndian(user[24..]), Get(user, 32));
        mask = Get(user, MaskOffset);
        LoadRegisters(user[RegistersOffset..], context);
        context.FpuLength = 0;
        var fpu = Get(user, FpuPointerOffset);
        if (fpu == 0)
        {
            return true;
        }

        // The size is in the state itself (asm/sigcontext.h, struct _fpx_sw_bytes), bounded by what we can hold.
        var count = task.Memory.ReadSome(fpu, context.Fpu);
        var size = count < 512 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(context.Fpu.AsSpan(464)) == 0x46505853
            ? (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(context.Fpu.AsSpan(468)), (uint)context.Fpu.Length)
            : 512;
        if (size == 0 || size > count)
        {
            return false;
        }

        context.FpuLength = size;
        return true;
    }

    private static void StoreRegisters(Span<byte> target, MachineContext c, ulong mask)
    {
        ReadOnlySpan<ulong> values =
        [
            c.R8, c.R9, c.R10, c.R11, c.R12, c.R13, c.R14, c.R15, c.Rdi, c.Rsi, c.Rbp, c.Rbx, c.Rdx, c.Rax, c.Rcx, c.Rsp, c.Rip, c.Flags,
            c.Segments, c.ErrorCode, c.TrapNumber, mask, c.Cr2,
        ];
        for (var i = 0; i < values.Length; i++)
        {
            Put(target, i * 8, values[i]);
        }
    }

    private static void LoadRegisters(ReadOnlySpan<byte> source, MachineContext c)
    {
        c.R8 = Get(source, 0);
        c.R9 = Get(source, 8);
        c.R10 = Get(source, 16);
        c.R11 = Get(source, 24);
        c.R12 = Get(source, 32);
        c.R13 = Get(source, 40);
        c.R14 = Get(source, 48);
        c.R15 = Get(source, 56);
        c.Rdi = Get(source, 64);
        c.Rsi = Get(source, 72);
        c.Rbp = Get(source, 80);
        c.Rbx = Get(source, 88);
        c.Rdx = Get(source, 96);
        c.Rax = Get(source, 104);
        c.Rcx = Get(source, 112);
        c.Rsp = Get(source, 120);
        c.Rip = Get(source, 128);

        // Only the flags that user code can set anyway.
        c.Flags = (Get(source, 136) & 0x0005_0dd5) | 0x202;
    }

    private static void Put(Span<byte> target, int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(target[at..], value);

    private static ulong Get(ReadOnlySpan<byte> source, int at) => BinaryPrimitives.ReadUInt64LittleEndian(source[at..]);
}
