using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Stub;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Dragonet.Platform.Linux.HostStreams;

/// <summary>
/// The program of <see cref="Deputy"/>, a page of machine code: its signal handler sends every signal on to the process that started it. It says
/// a byte when it is ready, and ends when that process does.
/// </summary>
internal static class DeputyCode
{
    /// <summary>The descriptor of its way to us.</summary>
    internal const int Socket = 3;

    // What stops a process is left as it is: our process stops after this one, which is in the group whose terminal or shell wants it to.
    private const int Tstp = 20, Ttou = 22, Cont = 18, Kill = 9, LastSignal = 64;
    private const ulong Code = 0x400000, Data = 0x600000;
    private const int Target = 0, Byte = 8, Action = 16, Mask = 48, Poll = 56, Size = 64;

    /// <summary>How long somebody may take to stop or to go on, in milliseconds, before he is asked again.</summary>
    private const int Patience = 10;

    /// <summary>The ELF file.</summary>
    /// <param name="pid">Whose deputy it is.</param>
    internal static byte[] Build(int pid)
    {
        var file = new byte[0x2000 + Size];
        using var stream = new MemoryStream();
        Assemble(pid).Assemble(new StreamCodeWriter(stream), Code);
        stream.ToArray().CopyTo(file, 0x1000);
        ElfImage.WriteHeaders(file, Code, (0x1000, Code, 0x1000), (0x2000, Data, Size));

        // struct sigaction { handler, flags, restorer, mask }; SA_RESTORER|SA_RESTART. The handlers' addresses come when it runs.
        var data = file.AsSpan(0x2000);
        BinaryPrimitives.WriteUInt64LittleEndian(data[(Action + 8)..], 0x0400_0000 | 0x1000_0000);
        BinaryPrimitives.WriteUInt64LittleEndian(data[Mask..], ~(7UL << (Tstp - 1)));
        BinaryPrimitives.WriteUInt32LittleEndian(data[Poll..], Socket); // struct pollfd: POLLIN
        BinaryPrimitives.WriteUInt32LittleEndian(data[(Poll + 4)..], 1);
        return file;
    }

    private static Assembler Assemble(int pid)
    {
        var c = new Assembler(64);
        var handler = c.CreateLabel();
        var restorer = c.CreateLabel();
        var next = c.CreateLabel();
        var skip = c.CreateLabel();
        var loop = c.CreateLabel();
        var wait = c.CreateLabel();
        var again = c.CreateLabel();
        var quit = c.CreateLabel();

        // Nothing of our maker stays open, and nobody reads or changes this process (ptrace(2), "dumpable"). It ends with its maker even while
        // it is stopped.
        Call(c, Nr.close_range, 0, Socket - 1, 0);
        Call(c, Nr.close_range, Socket + 1, int.MaxValue, 0);
        Call(c, Nr.prctl, 4, 0, 0);    // PR_SET_DUMPABLE
        Call(c, Nr.prctl, 1, Kill, 0); // PR_SET_PDEATHSIG
        c.xor(r10d, r10d);
        c.xor(r8d, r8d);
        Call(c, Nr.prctl, 38, 1, 0);   // PR_SET_NO_NEW_PRIVS
        Call(c, Nr.pidfd_open, pid, 0, 0);
        c.test(rax, rax);
        c.js(quit);
        c.mov(rcx, (long)Data);
        c.mov(__dword_ptr[rcx + Target], eax);
        Call(c, Nr.getppid, 0, 0, 0);  // gone already, and its number somebody else's?
        c.cmp(eax, pid);
        c.jne(quit);

        // Every signal that can be caught, also what our maker ignores or blocks: that is his to do.
        c.mov(rcx, (long)Data);
        c.lea(rax, __[handler]);
        c.mov(__qword_ptr[rcx + Action], rax);
        c.lea(rax, __[restorer]);
        c.mov(__qword_ptr[rcx + Action + 16], rax);
        c.mov(ebx, LastSignal);
        c.Label(ref next);
        c.lea(eax, __[rbx - Tstp]);
        c.cmp(eax, Ttou - Tstp);
        c.jbe(skip);
        c.mov(edi, ebx);
        c.mov(rsi, (long)Data + Action);
        c.xor(edx, edx);
        c.mov(r10d, 8);
        c.mov(eax, (int)Nr.rt_sigaction);
        c.syscall();
        c.Label(ref skip);
        c.dec(ebx);
        c.jnz(next);
        c.mov(r10d, 8);
        Call(c, Nr.rt_sigprocmask, 1, (long)Data + Mask, 0); // SIG_UNBLOCK
        c.mov(r10d, 0x4000);                                 // MSG_NOSIGNAL
        c.xor(r8d, r8d);
        c.xor(r9d, r9d);
        Call(c, Nr.sendto, Socket, (long)Data + Byte, 1);

        // A byte: our maker saw that we were stopped, and is about to stop. When we read that, we have been continued, and he shall be, too,
        // although the SIGCONT that was sent on may have come before he stopped. The next byte: he goes on.
        c.Label(ref loop);
        Receive(c, loop, quit);
        c.Label(ref wait);
        Call(c, Nr.poll, (long)Data + Poll, 1, Patience);
        c.cmp(rax, -(int)Errno.EINTR);
        c.je(wait);
        c.test(rax, rax);
        c.jnz(again);
        c.mov(edi, Cont);
        c.call(handler);
        c.jmp(wait);
        c.Label(ref again);
        Receive(c, again, quit);
        c.jmp(loop);

        c.Label(ref quit);
        Call(c, Nr.exit_group, 0, 0, 0);

        c.Label(ref handler);
        c.mov(esi, edi);
        c.mov(rcx, (long)Data);
        c.mov(edi, __dword_ptr[rcx + Target]);
        c.xor(edx, edx);
        c.xor(r10d, r10d);
        c.mov(eax, (int)Nr.pidfd_send_signal);
        c.syscall();
        c.ret();

        c.Label(ref restorer);
        c.mov(eax, (int)Nr.rt_sigreturn);
        c.syscall();
        return c;
    }

    private static void Receive(Assembler c, Label again, Label quit)
    {
        c.xor(r10d, r10d);
        c.xor(r8d, r8d);
        c.xor(r9d, r9d);
        Call(c, Nr.recvfrom, Socket, (long)Data + Byte, 1);
        c.cmp(rax, -(int)Errno.EINTR);
        c.je(again);
        c.test(rax, rax);
        c.jle(quit);
    }

    private static void Call(Assembler c, Nr number, long first, long second, long third)
    {
        c.mov(rdi, first);
        c.mov(rsi, second);
        c.mov(rdx, third);
        c.mov(eax, (int)number);
        c.syscall();
    }
}
