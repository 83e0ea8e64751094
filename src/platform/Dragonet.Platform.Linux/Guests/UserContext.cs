using System.Buffers.Binary;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>struct ucontext of x86-64 as the host lays it out in a signal frame (asm/ucontext.h, asm/sigcontext.h).</summary>
internal static class UserContext
{
    /// <summary>Bytes of the kernel's struct ucontext.</summary>
    internal const int Size = 304;

    /// <summary>Offset of uc_stack.</summary>
    internal const int StackOffset = 16;

    /// <summary>Offset of the pointer to the FPU state.</summary>
    internal const int FpuPointer = 224;

    /// <summary>Bytes of an FPU state without extensions.</summary>
    internal const int FxsaveSize = 512;

    /// <summary>In an FPU state: the mark of an extended one, before its size.</summary>
    internal const int FpuMagicOffset = 464;

    /// <summary>FP_XSTATE_MAGIC1.</summary>
    internal const uint FpuMagic = 0x46505853;

    // Places of registers in struct sigcontext.
    internal const int Rax = 13;
    internal const int Rsp = 15;
    internal const int Rip = 16;

    private const int Registers = 40;
    private const int MaskOffset = 296;

    /// <summary>Offset of a register.</summary>
    internal static int OffsetOf(int register) => Registers + (register * 8);

    /// <summary>Address of the FPU state, or 0.</summary>
    internal static ulong GetFpuPointer(ReadOnlySpan<byte> context) => BinaryPrimitives.ReadUInt64LittleEndian(context[FpuPointer..]);

    internal static void SetFpuPointer(Span<byte> context, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(context[FpuPointer..], value);

    /// <summary>Copies the registers out.</summary>
    internal static void Load(ReadOnlySpan<byte> context, MachineContext target)
    {
        target.R8 = Get(context, 0);
        target.R9 = Get(context, 1);
        target.R10 = Get(context, 2);
        target.R11 = Get(context, 3);
        target.R12 = Get(context, 4);
        target.R13 = Get(context, 5);
        target.R14 = Get(context, 6);
        target.R15 = Get(context, 7);
        target.Rdi = Get(context, 8);
        target.Rsi = Get(context, 9);
        target.Rbp = Get(context, 10);
        target.Rbx = Get(context, 11);
        target.Rdx = Get(context, 12);
        target.Rax = Get(context, 13);
        target.Rcx = Get(context, 14);
        target.Rsp = Get(context, 15);
        target.Rip = Get(context, 16);
        target.Flags = Get(context, 17);
        target.Segments = Get(context, 18);
        target.ErrorCode = Get(context, 19);
        target.TrapNumber = Get(context, 20);
        target.Cr2 = Get(context, 22);
    }

    /// <summary>Writes a whole ucontext that rt_sigreturn(2) accepts.</summary>
    /// <param name="altStack">The slot that becomes the thread's signal stack.</param>
    internal static void Store(Span<byte> context, MachineContext source, ulong altStack, ulong altSize)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(context, 7); // UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS
        BinaryPrimitives.WriteUInt64LittleEndian(context[8..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(context[StackOffset..], altStack);
        BinaryPrimitives.WriteUInt64LittleEndian(context[(StackOffset + 8)..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(context[(StackOffset + 16)..], altSize);
        Put(context, 0, source.R8);
        Put(context, 1, source.R9);
        Put(context, 2, source.R10);
        Put(context, 3, source.R11);
        Put(context, 4, source.R12);
        Put(context, 5, source.R13);
        Put(context, 6, source.R14);
        Put(context, 7, source.R15);
        Put(context, 8, source.Rdi);
        Put(context, 9, source.Rsi);
        Put(context, 10, source.Rbp);
        Put(context, 11, source.Rbx);
        Put(context, 12, source.Rdx);
        Put(context, 13, source.Rax);
        Put(context, 14, source.Rcx);
        Put(context, 15, source.Rsp);
        Put(context, 16, source.Rip);
        Put(context, 17, source.Flags);
        Put(context, 18, 0x002b_0000_0000_0033); // user code and stack segments: never what a guest says
        Put(context, 19, source.ErrorCode);
        Put(context, 20, source.TrapNumber);
        Put(context, 21, 0);
        Put(context, 22, source.Cr2);
        context[(FpuPointer + 8)..MaskOffset].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(context[MaskOffset..], 0); // the host blocks nothing in guest code
    }

    /// <summary>Bytes of an FPU state in a signal frame: FXSAVE, or what its software-reserved bytes say.</summary>
    internal static int FpuSize(ReadOnlySpan<byte> fpu)
    {
        if (fpu.Length < FxsaveSize)
        {
            return 0;
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(fpu[FpuMagicOffset..]) != FpuMagic)
        {
            return FxsaveSize;
        }

        var size = BinaryPrimitives.ReadUInt32LittleEndian(fpu[(FpuMagicOffset + 4)..]);
        return size <= fpu.Length ? (int)size : FxsaveSize;
    }

    /// <summary>The system call that the registers describe.</summary>
    /// <param name="context">The ucontext.</param>
    /// <param name="after">The address behind its instruction.</param>
    internal static SystemCall GetCall(ReadOnlySpan<byte> context, ulong after)
        => new((int)Get(context, Rax), Get(context, 8), Get(context, 9), Get(context, 12), Get(context, 2), Get(context, 0), Get(context, 1), after);

    /// <summary>One register, by its place in struct sigcontext.</summary>
    internal static ulong Get(ReadOnlySpan<byte> context, int register) => BinaryPrimitives.ReadUInt64LittleEndian(context[OffsetOf(register)..]);

    /// <inheritdoc cref="Get"/>
    internal static void Put(Span<byte> context, int register, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(context[OffsetOf(register)..], value);
}
