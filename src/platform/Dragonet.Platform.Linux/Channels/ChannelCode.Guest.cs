using Dragonet.Abi;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>Calls that need nobody else: answered in the guest, or made as another call.</summary>
internal sealed partial class ChannelCode
{
    /// <summary>
    /// rt_sigprocmask(2) while the mask is lent and a set is given: one swap of a word. Where the kernel has taken the mask back meanwhile a
    /// call without arguments tells it of the change: what is pending may have to be delivered now.
    /// </summary>
    private static void EmitMask(Assembler c, ref Label mask, ref Label saved, ref Label changed, ref Label told, Label begin)
    {
        var (load, block, unblock, set, done) = (c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel());
        c.Label(ref mask);
        c.rdgsbase(r11);
        c.cmp(__dword_ptr[r11 + ChannelLayout.Control + ChannelLayout.MaskLent], 0);
        c.je(begin);
        c.cmp(r10, 8);
        c.jne(begin);
        c.cmp(edi, 2);
        c.ja(begin);
        c.test(rsi, rsi);
        c.je(begin);
        c.test(rdx, rdx);
        c.je(load);
        c.@lock.or(__byte_ptr[rdx], 0); // what cannot be written is found before anything is changed
        c.@lock.or(__byte_ptr[rdx + 7], 0);
        c.Label(ref load);
        c.mov(rax, __qword_ptr[rsi]);
        c.mov(__qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.MaskReturn], rcx);
        c.Label(ref saved);
        c.mov(rcx, __qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Mask]);
        c.cmp(edi, 1);
        c.jb(block);
        c.je(unblock);
        c.jmp(set);
        c.Label(ref block);
        c.or(rax, rcx);
        c.jmp(set);
        c.Label(ref unblock);
        c.not(rax);
        c.and(rax, rcx);
        c.Label(ref set);
        c.btr(rax, 8); // SIGKILL
        c.btr(rax, 18); // SIGSTOP
        c.xchg(__qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Mask], rax); // and a full fence before the look at MaskLent
        c.Label(ref changed);
        c.test(rdx, rdx);
        c.je(told);
        c.mov(__qword_ptr[rdx], rcx);
        c.Label(ref told);
        c.cmp(__dword_ptr[r11 + ChannelLayout.Control + ChannelLayout.MaskLent], 0);
        c.jne(done);
        c.mov(eax, (int)Nr.getppid);
        c.syscall();
        c.rdgsbase(r11);
        c.Label(ref done);
        c.mov(rcx, __qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.MaskReturn]);
        c.add(rcx, 2);
        c.xor(eax, eax);
        c.jmp(rcx);
    }

    /// <summary>
    /// FUTEX_WAKE of a private word. The filter must look at the arguments of futex(2), which takes as long as a third of the call itself, but
    /// not at those of futex_wake(2), which can do nothing else; that one wakes none when asked for none, where the older one wakes one.
    /// Needs the slot only, not the shared pages.
    /// </summary>
    private static void EmitWake(Assembler c, ref Label wake, ref Label saved, ref Label woken, Label refused)
    {
        const int wakePrivate = 0x81, wordPrivate = 0x82; // FUTEX2_SIZE_U32 | FUTEX2_PRIVATE
        c.Label(ref wake);
        c.cmp(esi, wakePrivate);
        c.jne(refused);
        c.test(edx, edx);
        c.jle(refused);
        c.rdgsbase(r11);
        c.mov(__qword_ptr[r11 + ChannelLayout.WakeReturn], rcx);
        c.mov(__qword_ptr[r11 + ChannelLayout.WakeArgument1], rsi);
        c.mov(__qword_ptr[r11 + ChannelLayout.WakeArgument3], r10);
        c.Label(ref saved);
        c.mov(esi, -1);
        c.mov(r10d, wordPrivate);
        c.mov(eax, (int)Nr.futex_wake);
        c.syscall();
        c.Label(ref woken);
        c.rdgsbase(r11);
        c.mov(rsi, __qword_ptr[r11 + ChannelLayout.WakeArgument1]);
        c.mov(r10, __qword_ptr[r11 + ChannelLayout.WakeArgument3]);
        c.mov(rcx, __qword_ptr[r11 + ChannelLayout.WakeReturn]);
        c.add(rcx, 2);
        c.jmp(rcx);
    }
}
