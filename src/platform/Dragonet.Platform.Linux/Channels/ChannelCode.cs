using Dragonet.Abi;
using Dragonet.Platform.Linux.Guests;
using Dragonet.Platform.Linux.Stub;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>
/// The stub's second page: where patched call sites jump to. To the filter it is guest code, so it can do nothing that the guest
/// could not. On entry rax is the number, rcx the address of a system-call instruction that does the same, r11 is free; it leaves to rcx
/// (the call is still to be made) or to rcx + 2 (done, rax is the result) with every other register as it was, as a system call would.
/// A thread that is interrupted in here is put back to before or after the call (<see cref="ChannelSettlement"/>).
/// </summary>
internal sealed partial class ChannelCode
{
    private const int TableOffset = 0xc00;
    private const int Spins = 2000;
    private const int BlockSize = 32;
    private const int EventSize = 12;
    private const int PairSize = 16; // struct timespec; an address and a size
    private const int CallsInTurn = 128;

    private readonly byte[] _code;

    private ChannelCode(byte[] code) => _code = code;

    /// <summary>Needs the rdgsbase instruction, which the host must allow (HWCAP2_FSGSBASE, Linux 5.9).</summary>
    internal static bool IsPossible => (AuxiliaryVector.Read(Environment.ProcessId).Capabilities.Item2 & 2) != 0;

    /// <summary>Where patched sites go.</summary>
    internal ulong Entry => StubLayout.ChannelCode;

    /// <summary>From here on registers are saved, and may be used.</summary>
    internal ulong Saved { get; private init; }

    /// <summary>From here on the request is posted.</summary>
    internal ulong Posted { get; private init; }

    /// <summary>From here on the answer is being taken.</summary>
    internal ulong Answered { get; private init; }

    /// <summary>From here on the request is given up.</summary>
    internal ulong GivenUp { get; private init; }

    /// <summary>Before this address the bell has not been rung: the thread is before its call.</summary>
    internal ulong Rung { get; private init; }

    /// <summary>From here on the answer to the bell stands in the shared pages, before that in rax.</summary>
    internal ulong Stored { get; private init; }

    /// <summary>Where rt_sigprocmask(2) is answered in the guest; before this address the calls of the channel are.</summary>
    internal ulong Mask { get; private init; }

    /// <summary>From here on the address of the call is saved, and rcx is used.</summary>
    internal ulong MaskSaved { get; private init; }

    /// <summary>From here on the mask is changed, and rcx is the old one.</summary>
    internal ulong MaskChanged { get; private init; }

    /// <summary>From here on the old one is where it was asked for.</summary>
    internal ulong MaskTold { get; private init; }

    /// <summary>From here on a wake-up is made.</summary>
    internal ulong Wake { get; private init; }

    /// <summary>From here on two arguments and the address of the call are saved, and their registers are used.</summary>
    internal ulong WakeSaved { get; private init; }

    /// <summary>From here on the wake-up is made.</summary>
    internal ulong Woken { get; private init; }

    /// <summary>End of the code.</summary>
    internal ulong End { get; private init; }

    /// <summary>The page: code, then the table of calls.</summary>
    internal ReadOnlySpan<byte> Page => _code;

    /// <summary>Assembles it.</summary>
    /// <param name="kinds">The kind of every call, of <see cref="ChannelCalls.MakeTable"/>.</param>
    /// <param name="canSleep">The filter lets futex(2) pass; else a guest waits awake for a call that is worked on.</param>
    internal static ChannelCode Assemble(ReadOnlySpan<byte> kinds, bool canSleep)
    {
        var c = new Assembler(64);
        var (bail, saved, posted, answered, givenUp, end) = (c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel());
        var (identity, bell, rung, stored) = (c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel());
        var (robust, refused) = (c.CreateLabel(), c.CreateLabel());
        var (wake, wakeSaved, woken) = (c.CreateLabel(), c.CreateLabel(), c.CreateLabel());
        var (mask, begin, maskSaved, maskChanged, maskTold) = (c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel());
        var (thread, threadSaved, threadMade) = (c.CreateLabel(), c.CreateLabel(), c.CreateLabel());
        var (threadTold, threadGivenUp, threadBegun) = (c.CreateLabel(), c.CreateLabel(), c.CreateLabel());
        EmitEntry(c, ref bail, ref saved, ref begin, identity, mask, wake, thread);
        EmitSend(c, bell);
        EmitWait(c, ref posted, answered, givenUp, canSleep);
        EmitAnswer(c, ref answered, canSleep);
        c.Label(ref givenUp);
        Restore(c);
        c.mov(rcx, __qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Return]);
        c.movzx(eax, __word_ptr[r11 + ChannelLayout.Control + ChannelLayout.Number]);
        c.jmp(rcx);
        EmitBell(c, ref bell, ref rung, ref stored, answered);
        EmitMask(c, ref mask, ref maskSaved, ref maskChanged, ref maskTold, begin);
        EmitWake(c, ref wake, ref wakeSaved, ref woken, refused);
        EmitThread(c, ref thread, ref threadSaved, ref threadMade, ref threadTold, ref threadGivenUp, ref threadBegun);
        c.Label(ref end);
        c.ud2();

        // Behind the end: nothing here needs to be put right after an interruption. r11 is the kind, gs the slot.
        c.Label(ref identity);
        c.je(robust);
        c.mov(rax, __qword_ptr.gs[(r11 * 8) + (ChannelLayout.Control + ChannelLayout.Identity - (8 * (int)ChannelKind.Identity))]);
        c.lea(rcx, __[rcx + 2]);
        c.jmp(rcx);

        // set_robust_list(2): a list of another size is the kernel's to refuse.
        c.Label(ref robust);
        c.cmp(rsi, 24);
        c.jne(refused);
        c.mov(__qword_ptr.gs[ChannelLayout.Control + ChannelLayout.RobustList], rdi);
        c.xor(eax, eax);
        c.lea(rcx, __[rcx + 2]);
        c.Label(ref refused);
        c.jmp(rcx);

        using var stream = new MemoryStream();
        var result = c.Assemble(new StreamCodeWriter(stream), StubLayout.ChannelCode, BlockEncoderOptions.ReturnNewInstructionOffsets);
        if (stream.Length > TableOffset)
        {
            throw new InvalidOperationException("the channel's code has grown into its table");
        }

        var page = new byte[0x1000];
        stream.ToArray().CopyTo(page, 0);
        kinds.CopyTo(page.AsSpan(TableOffset));
        return new ChannelCode(page)
        {
            Saved = result.GetLabelRIP(saved),
            Posted = result.GetLabelRIP(posted),
            Answered = result.GetLabelRIP(answered),
            GivenUp = result.GetLabelRIP(givenUp),
            Rung = result.GetLabelRIP(rung),
            Stored = result.GetLabelRIP(stored),
            Mask = result.GetLabelRIP(mask),
            MaskSaved = result.GetLabelRIP(maskSaved),
            MaskChanged = result.GetLabelRIP(maskChanged),
            MaskTold = result.GetLabelRIP(maskTold),
            Wake = result.GetLabelRIP(wake),
            WakeSaved = result.GetLabelRIP(wakeSaved),
            Woken = result.GetLabelRIP(woken),
            Thread = result.GetLabelRIP(thread),
            ThreadSaved = result.GetLabelRIP(threadSaved),
            ThreadMade = result.GetLabelRIP(threadMade),
            ThreadTold = result.GetLabelRIP(threadTold),
            ThreadGivenUp = result.GetLabelRIP(threadGivenUp),
            ThreadBegun = result.GetLabelRIP(threadBegun),
            End = result.GetLabelRIP(end),
        };
    }

    /// <summary>Is there a channel, and does the kernel look at it? The guest may have a gs base of its own.</summary>
    private static void EmitEntry(Assembler c, ref Label bail, ref Label saved, ref Label begin, Label identity, Label mask, Label wake,
        Label thread)
    {
        c.cmp(rax, ChannelCalls.TableSize);
        c.jae(bail);
        c.rdgsbase(r11);
        c.shr(r11, ChannelLayout.SlotShift);
        c.cmp(r11d, (int)ChannelLayout.SlotTag);
        c.jne(bail);
        c.mov(r11, (long)StubLayout.ChannelCode + TableOffset);
        c.movzx(r11d, __byte_ptr[r11 + rax]);
        c.cmp(r11d, (int)ChannelKind.Wake);
        c.je(wake); // needs the slot only
        c.cmp(__dword_ptr.gs[ChannelLayout.Present], 0);
        c.je(bail);
        c.cmp(r11d, (int)ChannelKind.Thread);
        c.je(thread);
        c.cmp(r11d, (int)ChannelKind.Robust);
        c.jae(identity);
        c.cmp(r11d, (int)ChannelKind.Mask1);
        c.je(mask);
        c.test(r11d, r11d);
        c.rdgsbase(r11);
        c.jne(begin);
        c.Label(ref bail);
        c.jmp(rcx);

        c.Label(ref begin);
        c.mov(__word_ptr[r11 + ChannelLayout.Control + ChannelLayout.Number], ax);
        c.mov(__qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Return], rcx);
        AssemblerRegister64[] arguments = [rdi, rsi, rdx, r10, r8, r9];
        for (var i = 0; i < arguments.Length; i++)
        {
            c.mov(__qword_ptr[r11 + Argument(i)], arguments[i]);
        }

        c.Label(ref saved);
    }

    /// <summary>Copies what the call reads.</summary>
    private static void EmitSend(Assembler c, Label bell)
    {
        var (path, loop, found, post, fill, word, buffer) =
            (c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel());
        var (command, third, block, wanted, vector) = (c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel());
        var (select, large, more) = (c.CreateLabel(), c.CreateLabel(), c.CreateLabel());
        c.mov(__word_ptr[r11 + ChannelLayout.Control + ChannelLayout.SentLength], 0);
        c.mov(rcx, (long)StubLayout.ChannelCode + TableOffset);
        c.movzx(ecx, __byte_ptr[rcx + rax]);
        c.cmp(cl, (int)ChannelKind.Plain);
        c.jbe(post);
        c.cmp(cl, (int)ChannelKind.Path1);
        c.je(path);
        c.cmp(cl, (int)ChannelKind.Buffer1);
        c.je(buffer);
        c.cmp(cl, (int)ChannelKind.Fill1);
        c.je(fill);
        c.cmp(cl, (int)ChannelKind.Mask1);
        c.je(word);
        c.cmp(cl, (int)ChannelKind.Block1);
        c.je(block);
        c.cmp(cl, (int)ChannelKind.Lock2);
        c.je(command);
        c.cmp(cl, (int)ChannelKind.Event3);
        c.je(wanted);
        c.cmp(cl, (int)ChannelKind.Vector1);
        c.je(vector);
        c.cmp(cl, (int)ChannelKind.Select);
        c.je(select);
        c.mov(rsi, rdi);

        // A path; one that is not there or too long is left to the kernel.
        c.Label(ref path);
        c.test(rsi, rsi);
        c.je(post);
        c.xor(ecx, ecx);
        c.Label(ref loop);
        c.movzx(eax, __byte_ptr[rsi + rcx]);
        c.mov(__byte_ptr[r11 + rcx + ChannelLayout.Sent], al);
        c.inc(ecx);
        c.test(al, al);
        c.je(found);
        c.cmp(ecx, ChannelLayout.Capacity);
        c.jb(loop);
        c.jmp(post);
        c.Label(ref found);
        c.mov(__word_ptr[r11 + ChannelLayout.Control + ChannelLayout.SentLength], cx);
        c.jmp(post);

        // F_GETLK, F_SETLK, F_SETLKW, and the same for open files.
        c.Label(ref command);
        c.lea(ecx, __[rsi - 5]);
        c.cmp(ecx, 2);
        c.jbe(third);
        c.lea(ecx, __[rsi - 36]);
        c.cmp(ecx, 2);
        c.ja(post);
        c.Label(ref third);
        c.mov(rsi, rdx);
        c.Label(ref block);
        c.test(rsi, rsi);
        c.je(post);
        for (var i = 0; i < BlockSize; i += 8)
        {
            c.mov(rcx, __qword_ptr[rsi + i]);
            c.mov(__qword_ptr[r11 + (ChannelLayout.Sent + i)], rcx);
        }

        c.mov(__word_ptr[r11 + ChannelLayout.Control + ChannelLayout.SentLength], BlockSize);
        c.jmp(post);

        // EPOLL_CTL_DEL has none.
        c.Label(ref wanted);
        c.cmp(esi, (int)EpollCtl.EPOLL_CTL_DEL);
        c.je(post);
        c.test(r10, r10);
        c.je(post);
        c.mov(rcx, __qword_ptr[r10]);
        c.mov(__qword_ptr[r11 + ChannelLayout.Sent], rcx);
        c.mov(ecx, __dword_ptr[r10 + 8]);
        c.mov(__dword_ptr[r11 + (ChannelLayout.Sent + 8)], ecx);
        c.mov(__word_ptr[r11 + ChannelLayout.Control + ChannelLayout.SentLength], EventSize);
        c.jmp(post);

        EmitVector(c, ref vector, post);
        EmitSelect(c, ref select, post);

        // A buffer to be filled must be writable at both ends, as all of it then is when it is small.
        c.Label(ref fill);
        c.lea(rcx, __[rdx - 1]);
        c.cmp(rcx, ChannelLayout.Capacity);
        c.jae(more);
        c.@lock.or(__byte_ptr[rsi], 0);
        c.@lock.or(__byte_ptr[rsi + rcx], 0);
        c.jmp(post);

        // As much of a larger one as comes with the answer.
        c.Label(ref more);
        c.test(rdx, rdx);
        c.je(post);
        c.@lock.or(__byte_ptr[rsi], 0);
        c.@lock.or(__byte_ptr[rsi + (ChannelLayout.Capacity - 1)], 0);
        c.jmp(large);

        c.Label(ref word);
        c.test(rsi, rsi);
        c.je(post);
        c.mov(rcx, __qword_ptr[rsi]);
        c.mov(__qword_ptr[r11 + ChannelLayout.Sent], rcx);
        c.mov(__word_ptr[r11 + ChannelLayout.Control + ChannelLayout.SentLength], 8);
        c.jmp(post);

        c.Label(ref buffer);
        c.cmp(rdx, ChannelLayout.Capacity);
        c.ja(large);
        c.mov(rcx, rdx);
        c.lea(rdi, __[r11 + ChannelLayout.Sent]);
        c.rep.movsb();
        c.mov(__word_ptr[r11 + ChannelLayout.Control + ChannelLayout.SentLength], dx);
        c.jmp(post);

        EmitLarge(c, ref large);
        c.cmp(rdx, ChannelLayout.Much);
        c.jb(post);
        c.cmp(__dword_ptr[r11 + ChannelLayout.Control + ChannelLayout.PostsMuch], 0);
        c.je(bell);

        c.Label(ref post);
        c.cmp(__dword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Active], ChannelLayout.ServedAtOnce);
        c.jne(bell);
        c.mov(eax, ChannelLayout.Posted);
        c.xchg(__dword_ptr[r11 + ChannelLayout.Control + ChannelLayout.State], eax); // and a full fence before the look at Active
    }

    private static void EmitWait(Assembler c, ref Label posted, Label answered, Label givenUp, bool canSleep)
    {
        var (spin, loop, withdraw) = (c.CreateLabel(), c.CreateLabel(), c.CreateLabel());
        c.Label(ref posted);
        c.cmp(__dword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Active], ChannelLayout.ServedAtOnce);
        c.jne(withdraw);
        c.Label(ref spin);
        c.mov(ecx, Spins);
        c.Label(ref loop);
        c.mov(eax, __dword_ptr[r11 + ChannelLayout.Control + ChannelLayout.State]);
        c.test(eax, eax);
        c.je(answered);
        c.cmp(eax, ChannelLayout.Repeat);
        c.je(givenUp);
        c.pause();
        c.dec(ecx);
        c.jne(loop);

        // Nobody has taken it, or the one who has is not on a processor.
        c.Label(ref withdraw);
        c.mov(eax, ChannelLayout.Posted);
        c.mov(ecx, ChannelLayout.Withdrawn);
        c.@lock.cmpxchg(__dword_ptr[r11 + ChannelLayout.Control + ChannelLayout.State], ecx);
        c.je(givenUp);
        c.cmp(eax, ChannelLayout.Claimed);
        c.jne(spin);

        if (!canSleep)
        {
            c.jmp(spin);
            return;
        }

        // futex(&state, FUTEX_WAIT, Claimed, no limit): the kernel process wakes it when it sees Waiting.
        c.mov(eax, 1);
        c.xchg(__dword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Waiting], eax);
        c.lea(rdi, __[r11 + ChannelLayout.Control + ChannelLayout.State]);
        c.xor(esi, esi);
        c.mov(edx, ChannelLayout.Claimed);
        c.xor(r10d, r10d);
        c.mov(eax, (int)Nr.futex);
        c.syscall();
        c.rdgsbase(r11);
        c.mov(__dword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Waiting], 0);
        c.jmp(spin);
    }

    /// <summary>
    /// Nobody spins: the call itself, made from here, tells the kernel process that something was sent along. Until the kernel says
    /// otherwise the answer has no pieces: it may not know yet that this thread has a channel.
    /// </summary>
    private static void EmitBell(Assembler c, ref Label bell, ref Label rung, ref Label stored, Label answered)
    {
        c.Label(ref bell);
        c.mov(__dword_ptr[r11 + ChannelLayout.Control + ChannelLayout.PartCount], 0);
        Restore(c);
        c.movzx(eax, __word_ptr[r11 + ChannelLayout.Control + ChannelLayout.Number]);
        c.syscall();
        c.Label(ref rung);
        c.rdgsbase(r11);
        c.mov(__qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Result], rax);
        c.Label(ref stored);
        c.jmp(answered);
    }

    /// <summary>Copies what the call wrote.</summary>
    private static void EmitAnswer(Assembler c, ref Label answered, bool canYield)
    {
        var (next, done, back) = (c.CreateLabel(), c.CreateLabel(), c.CreateLabel());
        c.Label(ref answered);
        c.xor(eax, eax);
        c.Label(ref next);
        c.cmp(eax, __dword_ptr[r11 + ChannelLayout.Control + ChannelLayout.PartCount]);
        c.jae(done);
        c.mov(ecx, eax);
        c.shl(ecx, 4);
        c.mov(rdi, __qword_ptr[r11 + rcx + ChannelLayout.Control + ChannelLayout.Parts]);
        c.mov(esi, __dword_ptr[r11 + rcx + ChannelLayout.Control + ChannelLayout.Parts + 8]);
        c.mov(ecx, __dword_ptr[r11 + rcx + ChannelLayout.Control + ChannelLayout.Parts + 12]);
        c.lea(rsi, __[r11 + rsi + ChannelLayout.Returned]);
        c.rep.movsb();
        c.inc(eax);
        c.jmp(next);
        c.Label(ref done);
        if (canYield)
        {
            // A guest that is answered so quickly never sleeps, and the host looks who else waits for this processor only now and then
            // (sched(7)): it asks itself, after so many calls.
            c.dec(__dword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Turn]);
            c.jns(back);
            c.mov(__dword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Turn], CallsInTurn);
            c.mov(eax, (int)Nr.sched_yield);
            c.syscall();
            c.rdgsbase(r11);
            c.Label(ref back);
        }

        Restore(c);
        c.mov(rcx, __qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Return]);
        c.add(rcx, 2);
        c.mov(rax, __qword_ptr[r11 + ChannelLayout.Control + ChannelLayout.Result]);
        c.jmp(rcx);
    }

    private static void Restore(Assembler c)
    {
        c.mov(rdi, __qword_ptr[r11 + Argument(0)]);
        c.mov(rsi, __qword_ptr[r11 + Argument(1)]);
        c.mov(rdx, __qword_ptr[r11 + Argument(2)]);
        c.mov(r10, __qword_ptr[r11 + Argument(3)]);
    }

    private static int Argument(int index) => ChannelLayout.Control + ChannelLayout.Arguments + (index * 8);
}
