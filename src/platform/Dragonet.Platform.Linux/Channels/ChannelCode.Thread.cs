using Dragonet.Abi;
using Dragonet.Platform.Linux.Stub;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>clone3(2) as C libraries make threads with it.</summary>
internal sealed partial class ChannelCode
{
    /// <summary>What pthread_create(3) asks for: CLONE_VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS, PARENT_SETTID, CHILD_CLEARTID.</summary>
    internal const int ThreadFlags = 0x3d0f00;

    private const int ArgumentsSize = 88;
    private const int CallArguments = 6;

    /// <summary>Where clone3(2) of a thread is made as clone(2); before this address wake-ups are.</summary>
    internal ulong Thread { get; private init; }

    /// <summary>From here on the arguments and the address of the call are saved, and their registers are used.</summary>
    internal ulong ThreadSaved { get; private init; }

    /// <summary>From here on the thread is made, or is not: rax is the host's or the kernel's answer.</summary>
    internal ulong ThreadMade { get; private init; }

    /// <summary>From here on the call's answer stands in the shared pages, also that of the host.</summary>
    internal ulong ThreadTold { get; private init; }

    /// <summary>From here on the call is given up, to be made as it was.</summary>
    internal ulong ThreadGivenUp { get; private init; }

    /// <summary>From here on the new thread is ready to be interrupted; before this address it is not.</summary>
    internal ulong ThreadBegun { get; private init; }

    /// <summary>
    /// The kernel has told the thread a slot for the next one that it makes, whose pages are there. So the call can be made from here with
    /// everything in registers, of which the kernel looks before it lets the host make the thread: no signal, no frame and no
    /// commands are needed. The child finds the arguments, to put them back, in its own pages.
    /// </summary>
    private static void EmitThread(Assembler c, ref Label thread, ref Label saved, ref Label made, ref Label told, ref Label givenUp, ref Label begun)
    {
        var (child, alone, leave, back) = (c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel());
        AssemblerRegister64[] arguments = [rdi, rsi, rdx, r10, r8, r9];
        c.Label(ref thread);
        c.rdgsbase(r11);
        c.cmp(__qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.NextSlot], 0);
        c.je(back);
        c.cmp(rsi, ArgumentsSize);
        c.jne(back);
        c.mov(__word_ptr[r11 + ChannelLayout.Control + ChannelLayout.Number], ax);
        c.mov(__qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Return], rcx);
        for (var i = 0; i < CallArguments; i++)
        {
            c.mov(__qword_ptr[r11 + Argument(i)], arguments[i]);
        }

        // struct clone_args: flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup.
        c.Label(ref saved);
        c.cmp(__qword_ptr[rdi], ThreadFlags);
        c.jne(givenUp);
        c.mov(rax, __qword_ptr[rdi + 32]);
        c.or(rax, __qword_ptr[rdi + 64]);
        c.or(rax, __qword_ptr[rdi + 72]);
        c.jne(givenUp);
        c.mov(rsi, __qword_ptr[rdi + 40]);
        c.test(rsi, rsi);
        c.je(givenUp);
        c.mov(rax, __qword_ptr[rdi + 48]);
        c.test(rax, rax);
        c.je(givenUp);
        c.add(rsi, rax);
        c.mov(r9, __qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.NextSlot]);
        for (var i = 0; i < CallArguments; i++)
        {
            c.mov(rax, __qword_ptr[r11 + Argument(i)]);
            c.mov(__qword_ptr[r9 + Argument(i)], rax);
        }

        c.mov(rax, __qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Return]);
        c.mov(__qword_ptr[r9 + ChannelLayout.Control + ChannelLayout.Return], rax);
        c.mov(rax, __qword_ptr[rdi + 24]);
        c.mov(__qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.ParentTid], rax);
        c.mov(r10, __qword_ptr[rdi + 16]);
        c.mov(r8, __qword_ptr[rdi + 56]);
        c.lea(rdx, __[r9 + (ChannelLayout.Control + ChannelLayout.HostTid)]);
        c.mov(edi, ThreadFlags);
        c.mov(eax, (int)Nr.clone);
        c.syscall();
        c.Label(ref made);
        c.test(rax, rax);
        c.je(child);
        c.jns(leave);

        // Refused: by the kernel, which wants it to be made the long way, or by the host, of which the kernel is told.
        c.cmp(rax, (int)StubLayout.AnswerRepeat);
        c.je(givenUp);
        c.rdgsbase(r11);
        c.mov(__qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Result], rax);
        c.Label(ref told);
        c.mov(eax, StubLayout.TrapCall);
        c.mov(rdi, StubLayout.TrapStillborn);
        c.syscall();
        c.Label(ref leave);
        c.rdgsbase(r11);
        RestoreAll(c, arguments);
        c.mov(rcx, __qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Return]);
        c.add(rcx, 2);
        c.mov(rax, __qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Result]);
        c.jmp(rcx);

        c.Label(ref givenUp);
        c.rdgsbase(r11);
        RestoreAll(c, arguments);
        c.mov(rcx, __qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Return]);
        c.movzx(eax, __word_ptr[r11 + ChannelLayout.Control + ChannelLayout.Number]);
        c.Label(ref back);
        c.jmp(rcx);

        // The new thread: r9 is its slot. The stub gives it its gs base and its signal stack.
        c.Label(ref child);
        c.lea(r10, __[begun]);
        c.mov(rcx, (long)StubLayout.BeginThread);
        c.jmp(rcx);
        c.Label(ref begun);
        c.rdgsbase(r11);
        c.mov(eax, ChannelLayout.IsReady);
        c.xchg(__dword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Ready], eax); // and a full fence
        c.test(eax, eax);
        c.je(alone);
        c.mov(eax, StubLayout.TrapCall); // an interruption waits for it
        c.mov(rdi, StubLayout.TrapBegun);
        c.syscall();
        c.rdgsbase(r11);
        c.Label(ref alone);
        RestoreAll(c, arguments);
        c.mov(rcx, __qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Return]);
        c.add(rcx, 2);
        c.xor(eax, eax);
        c.jmp(rcx);
    }

    private static void RestoreAll(Assembler c, AssemblerRegister64[] arguments)
    {
        for (var i = 0; i < CallArguments; i++)
        {
            c.mov(arguments[i], __qword_ptr[r11 + Argument(i)]);
        }
    }
}
