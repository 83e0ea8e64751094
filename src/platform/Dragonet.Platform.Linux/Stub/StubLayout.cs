namespace Dragonet.Platform.Linux.Stub;

/// <summary>
/// Where the stub lies in every guest address space. It is an ET_EXEC image far below the usual place of programs, so that the
/// host's brk area (which begins after it) has room to grow.
/// </summary>
internal static class StubLayout
{
    /// <summary>First address of the code page.</summary>
    public const ulong Code = 0x5000_0000_0000;

    /// <summary>Where a thread that the channel's code made goes first: r9 is its slot, r10 where it goes on.</summary>
    public const ulong BeginThread = Code;

    /// <summary>The second code page, where patched call sites jump to. To the filter it is the guest's.</summary>
    public const ulong ChannelCode = Code + 0x1000;

    /// <summary>First address of the data pages (filter program, messages); private to each process.</summary>
    public const ulong Data = Code + 0x1_0000;

    /// <summary>Size of the data segment.</summary>
    public const int DataSize = 0x4000;

    /// <summary>Host pid of the kernel process, checked by every child against its parent.</summary>
    public const ulong KernelPid = Data;

    /// <summary>struct sock_fprog.</summary>
    public const ulong FilterProgram = Data + 0x40;

    /// <summary>struct msghdr, iovec, control buffer and payload of the message that brings the listener.</summary>
    public const ulong Message = Data + 0x80;
    public const ulong MessageVector = Data + 0xc0;
    public const ulong MessagePayload = Data + 0xd0;
    public const ulong MessageControl = Data + 0xe0;

    /// <summary>Flags for seccomp(SECCOMP_SET_MODE_FILTER).</summary>
    public const ulong FilterFlags = Data + 0x100;

    /// <summary>struct sigaction for every signal the stub takes.</summary>
    public const ulong SignalAction = Data + 0x140;

    /// <summary>stack_t of slot 0.</summary>
    public const ulong AltStack = Data + 0x180;

    /// <summary>struct __user_cap_header and data: none.</summary>
    public const ulong CapHeader = Data + 0x1c0;

    /// <summary>The BPF instructions.</summary>
    public const ulong FilterCode = Data + 0x400;

    /// <summary>First thread slot: a command page, then the signal stack.</summary>
    public const ulong Slots = 0x5100_0000_0000;

    /// <summary>Bytes of a slot.</summary>
    public const ulong SlotSize = 0x1_0000;

    /// <summary>Where a made-up signal frame lies in a slot: its ucontext, and its FPU state.</summary>
    public const ulong FrameOffset = 0x4000;
    public const ulong FrameFpuOffset = 0x4400;

    /// <summary>Most threads of one address space.</summary>
    public const int MaxSlots = 16384;

    /// <summary>Behind the slots: memory that is shared with the kernel, for slots whose threads move much at once.</summary>
    public const ulong Windows = Slots + (SlotSize * MaxSlots);

    /// <summary>The stub's own call to the kernel: rdi = what, rsi, rdx = details.</summary>
    public const int TrapCall = 0x5d1;

    /// <summary>rdi of <see cref="TrapCall"/>: a command finished (rsi = its result).</summary>
    public const long TrapDone = -1;

    /// <summary>rdi of <see cref="TrapCall"/>: a new thread or process is here.</summary>
    public const long TrapHello = -2;

    /// <summary>rdi of <see cref="TrapCall"/>: the host did not make the thread that it was let to make.</summary>
    public const long TrapStillborn = -3;

    /// <summary>rdi of <see cref="TrapCall"/>: a new thread has its signal stack, and the kernel wanted to know.</summary>
    public const long TrapBegun = -4;

    /// <summary>Answer to clone(2) of the channel's code: make it the long way.</summary>
    public const long AnswerRepeat = AnswerResume + 3;

    /// <summary>Answers to <see cref="TrapCall"/>; any other value goes into rax of the frame, and the guest continues.</summary>
    public const long AnswerResume = -0x7ead_0000;
    public const long AnswerBatch = AnswerResume + 1;
    public const long AnswerClone = AnswerResume + 2;

    /// <summary>What the host answers when nobody listens any more: -ENOSYS.</summary>
    public const long NobodyListens = -38;

    /// <summary>True for what the stub would not take for the value of rax.</summary>
    public static bool IsAnswer(long value) => value is NobodyListens or (>= AnswerResume and <= AnswerClone);

    // The command of AnswerClone in the slot's first page.
    public const int CloneFlags = 8;
    public const int CloneClearTid = 24;
    public const int CloneThreadPointer = 32;
    public const int CloneSlot = 40;         // of a child in the same memory, else 0
    public const int CloneStackPointer = 48; // of such a child; 0 to keep
    public const int CloneSilent = 56;       // not 0: the child goes on without a TrapHello

    /// <summary>Host signal that interrupts guest code. SIGURG: ignored by default, so it is harmless before the handler is set.</summary>
    public const int InterruptSignal = 23;

    /// <summary>Host signal of a call that needs the full register file: SIGSYS, of SECCOMP_RET_TRAP.</summary>
    public const int CallSignal = 31;

    /// <summary>Host descriptor of the socket to the kernel, in the zygote and until a child has sent its listener.</summary>
    public const int SocketFd = 3;

    /// <summary>True for addresses that belong to the stub, not to the guest.</summary>
    public static bool IsOwn(ulong address) => address is >= Code and < Data + DataSize or >= Slots and < Windows + (Channels.ChannelLayout.WindowSize * (ulong)MaxSlots);
}
