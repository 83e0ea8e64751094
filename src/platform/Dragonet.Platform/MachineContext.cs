namespace Dragonet.Platform;

/// <summary>The register file of an x86-64 thread. Reusable: one object can be filled again and again.</summary>
public sealed class MachineContext
{
    public ulong R8 { get; set; }

    public ulong R9 { get; set; }

    public ulong R10 { get; set; }

    public ulong R11 { get; set; }

    public ulong R12 { get; set; }

    public ulong R13 { get; set; }

    public ulong R14 { get; set; }

    public ulong R15 { get; set; }

    public ulong Rdi { get; set; }

    public ulong Rsi { get; set; }

    public ulong Rbp { get; set; }

    public ulong Rbx { get; set; }

    public ulong Rdx { get; set; }

    public ulong Rax { get; set; }

    public ulong Rcx { get; set; }

    public ulong Rsp { get; set; }

    public ulong Rip { get; set; }

    public ulong Flags { get; set; } = 0x202;

    /// <summary>Page-fault error code, when the trap was a fault.</summary>
    public ulong ErrorCode { get; set; }

    /// <summary>Processor trap number, when the trap was a fault.</summary>
    public ulong TrapNumber { get; set; }

    /// <summary>Faulting address, when the trap was a page fault.</summary>
    public ulong Cr2 { get; set; }

    /// <summary>The FPU state as it lies in a signal frame (FXSAVE or XSAVE format with the software-reserved bytes);
    /// <see cref="FpuLength"/> bytes of it are valid. Length 0 means the initial state.</summary>
    public byte[] Fpu { get; } = new byte[16 * 1024];

    /// <summary>Valid bytes of <see cref="Fpu"/>.</summary>
    public int FpuLength { get; set; }

    /// <summary>Segment registers as a signal frame packs them (cs, gs, fs, ss).</summary>
    public ulong Segments { get; set; } = 0x002b_0000_0000_0033;
}
