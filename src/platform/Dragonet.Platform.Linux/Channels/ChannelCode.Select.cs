using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>pselect6(2): what it reads.</summary>
internal sealed partial class ChannelCode
{
    /// <summary>
    /// Copies the sets that are there, the timeout and the argument with the mask, one behind another. Where the call will write, it is touched at
    /// both ends: a program whose memory is not like that makes its call without the channel.
    /// </summary>
    private static void EmitSelect(Assembler c, ref Label select, Label post)
    {
        c.Label(ref select);
        c.test(edi, edi);
        c.js(post);
        c.lea(eax, __[rdi + 63]);
        c.shr(eax, 6);
        c.dec(eax);
        c.cmp(eax, ChannelLayout.MaxSetWords);
        c.jae(post);
        c.inc(eax);
        c.lea(rdi, __[r11 + ChannelLayout.Sent]);
        EmitSet(c, rsi);
        EmitSet(c, rdx);
        EmitSet(c, r10);
        c.mov(eax, PairSize / 8);
        EmitSet(c, r8);

        var without = c.CreateLabel();
        c.test(r9, r9);
        c.je(without);
        c.mov(rsi, r9);
        c.movsq();
        c.movsq();
        c.Label(ref without);
        c.sub(rdi, r11);
        c.lea(edi, __[rdi - ChannelLayout.Sent]);
        c.mov(__word_ptr[r11 + ChannelLayout.Control + ChannelLayout.SentLength], di);
        c.jmp(post);
    }

    /// <summary>Touches and copies as many words as rax says, when there is a pointer, to where rdi points.</summary>
    private static void EmitSet(Assembler c, AssemblerRegister64 pointer)
    {
        var none = c.CreateLabel();
        c.test(pointer, pointer);
        c.je(none);
        c.@lock.or(__byte_ptr[pointer], 0);
        c.@lock.or(__byte_ptr[pointer + (rax * 8) - 1], 0);
        c.mov(rsi, pointer);
        c.mov(ecx, eax);
        c.rep.movsq();
        c.Label(ref none);
    }
}
