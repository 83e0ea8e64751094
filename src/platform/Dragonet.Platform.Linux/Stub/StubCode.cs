using Dragonet.Abi;
using Dragonet.Platform.Linux.Channels;
using Dragonet.Platform.Linux.Guests;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Dragonet.Platform.Linux.Stub;

/// <summary>
/// The machine code in every guest address space, and the only code of ours there. It decides nothing: it starts processes, passes
/// signals to the kernel and runs the few host calls that only the process itself can make. A guest may jump into it with any
/// registers, so nothing here is trusted: the seccomp filter is the wall.
/// </summary>
internal static class StubCode
{
    /// <summary>Assembles the code for <see cref="StubLayout.Code"/>.</summary>
    /// <returns>The bytes, the entry point of the zygote, the signal handler, and the restorer.</returns>
    /// <param name="channels">Give every thread a gs base that finds its slot.</param>
    /// <param name="sessions">Give every program a session of its own; else it gets a process group.</param>
    internal static (byte[] Code, ulong Entry, ulong Handler, ulong Restorer) Assemble(bool channels, bool sessions)
    {
        var c = new Assembler(64);
        var handler = c.CreateLabel("handler");
        var trap = c.CreateLabel("trap");
        var restorer = c.CreateLabel("restorer");
        var entry = c.CreateLabel("entry");

        EmitBeginThread(c);
        EmitHandler(c, channels, ref handler, ref trap, ref restorer);
        EmitZygote(c, channels, sessions, ref entry, trap);

        using var stream = new MemoryStream();
        var result = c.Assemble(new StreamCodeWriter(stream), StubLayout.Code, BlockEncoderOptions.ReturnNewInstructionOffsets);
        return (stream.ToArray(), result.GetLabelRIP(entry), result.GetLabelRIP(handler), result.GetLabelRIP(restorer));
    }

    /// <summary>A thread that the channel's code made: its gs base and its signal stack. Not before it says that it has them is it interrupted.</summary>
    private static void EmitBeginThread(Assembler c)
    {
        c.wrgsbase(r9);
        c.lea(rdi, __[r9 + ChannelLayout.SignalStack]);
        c.mov(__qword_ptr[rdi], r9);
        c.mov(__qword_ptr[rdi + 8], 0);
        c.mov(__qword_ptr[rdi + 16], (int)StubLayout.SlotSize);
        c.xor(esi, esi);
        c.mov(eax, (int)Nr.sigaltstack);
        c.syscall();
        c.jmp(r10);
    }

    /// <summary>
    /// The signal handler. rdi = signal, rsi = siginfo, rdx = ucontext, on the slot's signal stack. Registers it keeps:
    /// rbx slot, r12 ucontext, r13 siginfo.
    /// </summary>
    private static void EmitHandler(Assembler c, bool channels, ref Label handler, ref Label trap, ref Label restorer)
    {
        var batch = c.CreateLabel();
        var next = c.CreateLabel();
        var done = c.CreateLabel();
        var clone = c.CreateLabel();
        var child = c.CreateLabel();
        var sameSlot = c.CreateLabel();
        var ready = c.CreateLabel();
        var resume = c.CreateLabel();
        var die = c.CreateLabel();

        c.Label(ref handler);
        c.mov(r12, rdx);
        c.mov(r13, rsi);
        c.mov(rbx, rsp);
        c.and(rbx, -(int)StubLayout.SlotSize);

        // rdi, rsi, rdx are what the kernel is told.
        c.Label(ref trap);
        c.mov(eax, StubLayout.TrapCall);
        c.syscall();
        c.cmp(rax, (int)StubLayout.NobodyListens);
        c.je(die);
        c.cmp(rax, (int)StubLayout.AnswerBatch);
        c.je(batch);
        c.cmp(rax, (int)StubLayout.AnswerClone);
        c.je(clone);
        c.cmp(rax, (int)StubLayout.AnswerResume);
        c.je(resume);
        c.mov(__qword_ptr[r12 + UserContext.OffsetOf(UserContext.Rax)], rax);
        c.Label(ref resume);
        c.mov(rsp, r12);
        c.mov(eax, (int)Nr.rt_sigreturn);
        c.syscall();
        c.ud2();

        // A list of calls in the slot's first page: count, then (number, six arguments, result) each.
        c.Label(ref batch);
        c.mov(r15d, __dword_ptr[rbx]);
        c.lea(rbp, __[rbx + 64]);
        c.xor(eax, eax);
        c.Label(ref next);
        c.test(r15d, r15d);
        c.je(done);
        c.mov(rax, __qword_ptr[rbp]);
        c.mov(rdi, __qword_ptr[rbp + 8]);
        c.mov(rsi, __qword_ptr[rbp + 16]);
        c.mov(rdx, __qword_ptr[rbp + 24]);
        c.mov(r10, __qword_ptr[rbp + 32]);
        c.mov(r8, __qword_ptr[rbp + 40]);
        c.mov(r9, __qword_ptr[rbp + 48]);
        c.syscall();
        c.mov(__qword_ptr[rbp + 56], rax);
        c.add(rbp, 64);
        c.dec(r15d);
        c.jmp(next);
        c.Label(ref done);
        c.mov(rsi, rax);
        c.mov(rdi, StubLayout.TrapDone);
        c.mov(rdx, r12);
        c.jmp(trap);

        // clone(flags, stack, 0, ctid, tls) from the slot's page; the kernel process lets it through one by one.
        c.Label(ref clone);
        EmitFrameCopy(c);
        c.mov(r13, __qword_ptr[rbx + StubLayout.CloneStackPointer]); // a fork's child may find the page wiped
        c.mov(r14, __qword_ptr[rbx + StubLayout.CloneSilent]);
        c.mov(r15, __qword_ptr[rbx + StubLayout.CloneSlot]);
        c.mov(rdi, __qword_ptr[rbx + StubLayout.CloneFlags]);
        c.xor(esi, esi);
        c.xor(edx, edx);
        c.mov(r10, __qword_ptr[rbx + StubLayout.CloneClearTid]);
        c.mov(r8, __qword_ptr[rbx + StubLayout.CloneThreadPointer]);
        c.mov(eax, (int)Nr.clone);
        c.syscall();
        c.test(rax, rax);
        c.je(child);
        c.mov(rsi, rax);
        c.mov(rdi, StubLayout.TrapDone);
        c.mov(rdx, r12);
        c.jmp(trap);

        c.Label(ref child);
        c.test(r15, r15);
        c.je(sameSlot);
        c.mov(rbx, r15);
        c.lea(r12, __[rbx + (int)StubLayout.FrameOffset]);
        if (channels)
        {
            c.wrgsbase(rbx);
        }

        c.jmp(ready);
        c.Label(ref sameSlot);
        c.test(r13, r13);
        c.je(ready);
        c.mov(__qword_ptr[r12 + UserContext.OffsetOf(UserContext.Rsp)], r13);
        c.Label(ref ready);

        // Dies with the kernel process; if that died before prctl, the parent has changed already.
        c.mov(eax, (int)Nr.prctl);
        c.mov(edi, 1);
        c.mov(esi, 9);
        c.syscall();
        c.mov(eax, (int)Nr.getppid);
        c.syscall();
        c.mov(rcx, (long)StubLayout.KernelPid);
        c.cmp(rax, __qword_ptr[rcx]);
        c.jne(die);
        c.test(r14, r14);
        c.jne(resume);
        c.mov(rdi, StubLayout.TrapHello);
        c.xor(esi, esi);
        c.mov(rdx, r12);
        c.jmp(trap);
        c.Label(ref die);
        c.mov(eax, (int)Nr.exit_group);
        c.mov(edi, 1);
        c.syscall();
        c.ud2();

        // Never reached by us: the handler leaves through its own rt_sigreturn. The host wants an address.
        c.Label(ref restorer);
        c.mov(eax, (int)Nr.rt_sigreturn);
        c.syscall();
        c.ud2();
    }

    /// <summary>For a child in the same memory: its frame, a copy of ours with its own stacks and 0 in rax.</summary>
    private static void EmitFrameCopy(Assembler c)
    {
        var (fxsave, noFpu, keepStack, done) = (c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel());
        const int frame = (int)StubLayout.FrameOffset;
        c.mov(rbp, __qword_ptr[rbx + StubLayout.CloneSlot]);
        c.test(rbp, rbp);
        c.je(done);
        c.lea(rdi, __[rbp + frame]);
        c.mov(rsi, r12);
        c.mov(ecx, UserContext.Size);
        c.rep.movsb();
        c.mov(rsi, __qword_ptr[r12 + UserContext.FpuPointer]);
        c.test(rsi, rsi);
        c.je(noFpu);
        c.lea(rdi, __[rbp + (int)StubLayout.FrameFpuOffset]);
        c.mov(__qword_ptr[rbp + (frame + UserContext.FpuPointer)], rdi);
        c.mov(ecx, UserContext.FxsaveSize);
        c.cmp(__dword_ptr[rsi + UserContext.FpuMagicOffset], unchecked((int)UserContext.FpuMagic));
        c.jne(fxsave);
        c.mov(ecx, __dword_ptr[rsi + (UserContext.FpuMagicOffset + 4)]);
        c.Label(ref fxsave);
        c.rep.movsb();
        c.Label(ref noFpu);
        c.mov(__qword_ptr[rbp + (frame + UserContext.StackOffset)], rbp);
        c.mov(rax, __qword_ptr[rbx + StubLayout.CloneStackPointer]);
        c.test(rax, rax);
        c.je(keepStack);
        c.mov(__qword_ptr[rbp + (frame + UserContext.OffsetOf(UserContext.Rsp))], rax);
        c.Label(ref keepStack);
        c.xor(eax, eax);
        c.mov(__qword_ptr[rbp + (frame + UserContext.OffsetOf(UserContext.Rax))], rax);
        c.Label(ref done);
    }

    /// <summary>The zygote: sets up what every guest process has in common, then makes a child for each byte it reads.</summary>
    private static void EmitZygote(Assembler c, bool channels, bool sessions, ref Label entry, Label trap)
    {
        var loop = c.CreateLabel();
        var child = c.CreateLabel();
        var quit = c.CreateLabel();

        c.Label(ref entry);
        EmitApart(c, sessions);
        Call(c, Nr.prctl, 1, 9);                       // PR_SET_PDEATHSIG, SIGKILL
        Call(c, Nr.prctl, 38, 1, 0, 0, 0);             // PR_SET_NO_NEW_PRIVS
        Call(c, Nr.prctl, 4, 1);                       // PR_SET_DUMPABLE: the kernel process reads guest memory
        Call(c, Nr.capset, StubLayout.CapHeader, StubLayout.CapHeader + 16);
        Call(c, Nr.close_range, 0, 2, 0);
        Call(c, Nr.close_range, StubLayout.SocketFd + 1, uint.MaxValue, 0);

        // Slot 0.
        Call(c, Nr.mmap, StubLayout.Slots, StubLayout.SlotSize, 3, 0x100022, ulong.MaxValue, 0); // MAP_FIXED_NOREPLACE|PRIVATE|ANONYMOUS
        Call(c, Nr.sigaltstack, StubLayout.AltStack, 0);
        foreach (var signal in (ReadOnlySpan<uint>)[4, 5, 7, 8, 11, StubLayout.CallSignal, StubLayout.InterruptSignal])
        {
            Call(c, Nr.rt_sigaction, signal, StubLayout.SignalAction, 0, 8);
        }

        if (channels)
        {
            Call(c, Nr.arch_prctl, 0x1001, StubLayout.Slots); // ARCH_SET_GS
        }

        c.Label(ref loop);
        Call(c, Nr.read, StubLayout.SocketFd, StubLayout.MessagePayload, 1);
        c.cmp(rax, 1);
        c.jne(quit);
        Call(c, Nr.clone, 0x8000 | 17, 0, 0, 0, 0);     // CLONE_PARENT: a child of the kernel process
        c.test(rax, rax);
        c.je(child);
        c.jmp(loop);
        c.Label(ref quit);
        Call(c, Nr.exit_group, 0);

        c.Label(ref child);
        Call(c, Nr.prctl, 1, 9);
        Call(c, Nr.getppid);
        c.mov(rcx, (long)StubLayout.KernelPid);
        c.cmp(rax, __qword_ptr[rcx]);
        c.jne(quit);
        EmitApart(c, sessions);
        Call(c, Nr.sigaltstack, StubLayout.AltStack, 0);
        Call(c, Nr.getpid);
        c.mov(rcx, (long)StubLayout.MessagePayload);
        c.mov(__qword_ptr[rcx], rax);
        c.mov(rcx, (long)StubLayout.FilterFlags);
        c.mov(rsi, __qword_ptr[rcx]);
        c.mov(edi, 1);                                  // SECCOMP_SET_MODE_FILTER
        c.mov(rdx, (long)StubLayout.FilterProgram);
        c.mov(eax, (int)Nr.seccomp);
        c.syscall();
        c.mov(rcx, (long)StubLayout.MessageControl);
        c.mov(__dword_ptr[rcx + 16], eax);              // the listener, or -errno
        c.mov(r14, rax);
        Call(c, Nr.sendmsg, StubLayout.SocketFd, StubLayout.Message, 0);
        c.mov(rdi, r14);
        c.mov(eax, (int)Nr.close);
        c.syscall();
        Call(c, Nr.close, StubLayout.SocketFd);
        c.mov(rbx, (long)StubLayout.Slots);
        c.lea(r12, __[rbx + (int)StubLayout.FrameOffset]);
        c.mov(rdi, StubLayout.TrapHello);
        c.xor(esi, esi);
        c.mov(rdx, r12);
        c.jmp(trap);
    }

    /// <summary>Signals of our process group and terminal are not for it. With a session it also has a share of the processors of its own (sched(7),
    /// autogroup): programs that spin beside it do not make it wait.</summary>
    private static void EmitApart(Assembler c, bool sessions)
    {
        if (sessions)
        {
            Call(c, Nr.setsid);
        }
        else
        {
            Call(c, Nr.setpgid, 0, 0);
        }
    }

    private static void Call(Assembler c, Nr number, params ReadOnlySpan<ulong> arguments)
    {
        for (var i = 0; i < arguments.Length; i++)
        {
            var register = i switch { 0 => rdi, 1 => rsi, 2 => rdx, 3 => r10, 4 => r8, _ => r9 };
            c.mov(register, arguments[i]);
        }

        c.mov(eax, (int)number);
        c.syscall();
    }
}
