using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>Buffers that are larger than a page, for threads that have a window.</summary>
internal sealed partial class ChannelCode
{
    /// <summary>
    /// Copies what the call reads to the window; what it fills is touched, page by page, so that a bad one is found before anything happened. A
    /// fault puts the thread before its call, which then goes through the filter.
    /// </summary>
    private static void EmitLarge(Assembler c, ref Label large)
    {
        const int page = 0x1000;
        var (touch, next, sent, done) = (c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel());
        c.Label(ref large);
        c.mov(rdi, __qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Window]);
        c.test(rdi, rdi);
        c.je(done);
        c.lea(rcx, __[rdx - ChannelLayout.Capacity - 1]); // a length of 0 comes here, too
        c.cmp(rcx, ChannelLayout.WindowSize - ChannelLayout.Capacity - 1);
        c.ja(done);
        c.mov(rcx, (long)Stub.StubLayout.ChannelCode + TableOffset);
        c.cmp(__byte_ptr[rcx + rax], (int)ChannelKind.Fill1);
        c.je(touch);
        c.mov(rcx, rdx);
        c.rep.movsb();
        c.jmp(sent);

        c.Label(ref touch);
        c.lea(rcx, __[rsi + rdx - 1]);
        c.@lock.or(__byte_ptr[rcx], 0);
        c.Label(ref next);
        c.@lock.or(__byte_ptr[rsi], 0);
        c.add(rsi, page);
        c.cmp(rsi, rcx);
        c.jb(next);

        c.Label(ref sent);
        c.mov(__word_ptr[r11 + ChannelLayout.Control + ChannelLayout.SentLength], ChannelLayout.InWindow);
        c.Label(ref done);
    }
}
