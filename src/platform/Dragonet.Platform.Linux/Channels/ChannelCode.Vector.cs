using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>writev(2): the array, and what it names.</summary>
internal sealed partial class ChannelCode
{
    /// <summary>
    /// Copies a small array of struct iovec, and what its entries name one behind another, when all of it has room; else the array alone. The
    /// lengths are taken from the copy, and so does the kernel.
    /// </summary>
    private static void EmitVector(Assembler c, ref Label vector, Label post)
    {
        const int entry = 16;
        var (next, alone) = (c.CreateLabel(), c.CreateLabel());
        c.Label(ref vector);
        c.lea(rcx, __[rdx - 1]);
        c.cmp(rcx, ChannelLayout.MaxVector);
        c.jae(post);
        c.shl(edx, 4);
        c.mov(ecx, edx);
        c.lea(rdi, __[r11 + ChannelLayout.Sent]);
        c.mov(r10, rdi);
        c.rep.movsb();

        // r10: the entry; rdi: where its bytes go; rdx: bytes of the array
        c.Label(ref next);
        c.mov(rsi, __qword_ptr[r10]);
        c.mov(rcx, __qword_ptr[r10 + 8]);
        c.lea(rax, __[r11 + ChannelLayout.Sent + ChannelLayout.Capacity]);
        c.sub(rax, rdi);
        c.cmp(rcx, rax);
        c.ja(alone);
        c.rep.movsb();
        c.add(r10, entry);
        c.lea(rax, __[r11 + rdx + ChannelLayout.Sent]);
        c.cmp(r10, rax);
        c.jb(next);
        c.sub(rdi, r11);
        c.lea(edx, __[edi - ChannelLayout.Sent]);
        c.Label(ref alone);
        c.mov(__word_ptr[r11 + ChannelLayout.Control + ChannelLayout.SentLength], dx);
        c.jmp(post);
    }
}
