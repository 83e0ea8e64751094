using Dragonet.Abi;
using Dragonet.Platform.Linux.Channels;
using Dragonet.Platform.Linux.Interop;
using Dragonet.Platform.Linux.Stub;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>What is made of a trap within the channel's code.</summary>
internal sealed partial class GuestThread
{
    /// <summary>
    /// A thread that was interrupted, or faulted, within the channel's code is put where it stands for the guest: before its system
    /// call, with the request taken back, or behind it, with the answer. The kernel then sees an ordinary place in guest code.
    /// </summary>
    /// <param name="address">Where the ucontext is.</param>
    /// <param name="frame">The ucontext; changed, and written back.</param>
    /// <param name="fault">A memory access of the stub, made for the guest, failed.</param>
    /// <returns>False when the thread was elsewhere.</returns>
    internal bool SettleChannel(ulong address, Span<byte> frame, bool fault)
    {
        var code = space.Platform.ChannelCode;
        var rip = UserContext.Get(frame, 16);
        if (code is null || rip < code.Entry || rip >= code.End)
        {
            return false;
        }

        if (rip >= code.Thread)
        {
            SettleThread(code, frame, rip);
        }
        else if (rip >= code.Wake)
        {
            if (fault)
            {
                return false; // only the slot is touched there
            }

            SettleWake(code, frame, rip);
        }
        else if (rip >= code.Mask)
        {
            SettleMask(code, frame, rip, fault);
        }
        else if (rip < code.Saved || _channel is not { } channel)
        {
            // Every register is still the guest's; rcx says where the call is.
            UserContext.Put(frame, 16, UserContext.Get(frame, 14));
        }
        else if (fault && rip >= code.Posted && rip < code.Answered)
        {
            return false; // only the shared pages are touched there
        }
        else
        {
            var registers = frame.ToArray();
            var settled = false;
            var spin = default(SpinWait);
            while (channel.Inspect(pages => PutBack(pages, code, registers, rip, fault, ref settled)) && !settled)
            {
                spin.SpinOnce(); // another thread works on the call
            }

            if (!settled)
            {
                return false;
            }

            registers.CopyTo(frame);
        }

        return space.Write(address, frame[..UserContext.Size]) == Errno.OK;
    }

    /// <summary>Before rt_sigprocmask(2), or behind it when the mask is changed.</summary>
    private void SettleMask(ChannelCode code, Span<byte> frame, ulong rip, bool fault)
    {
        if (rip < code.MaskSaved || _channel is not { } channel)
        {
            UserContext.Put(frame, 16, UserContext.Get(frame, 14));
            UserContext.Put(frame, 13, (ulong)Nr.rt_sigprocmask);
            return;
        }

        var call = 0UL;
        _ = channel.Inspect(pages => (call = pages.Saved(ChannelLayout.MaskReturn)) != 0);
        if (rip < code.MaskChanged)
        {
            UserContext.Put(frame, 16, call);
            UserContext.Put(frame, 13, (ulong)Nr.rt_sigprocmask);
            return;
        }

        Span<byte> old = stackalloc byte[8];
        _ = BitConverter.TryWriteBytes(old, UserContext.Get(frame, 14));
        var target = UserContext.Get(frame, 12);
        var failed = rip < code.MaskTold && target != 0 && (fault || space.Write(target, old) != Errno.OK);
        UserContext.Put(frame, 16, call + 2);
        UserContext.Put(frame, 13, failed ? unchecked((ulong)-(long)Errno.EFAULT) : 0);
    }

    /// <summary>Before futex(2), or behind it when somebody was woken in its name.</summary>
    private void SettleWake(ChannelCode code, Span<byte> frame, ulong rip)
    {
        if (rip < code.WakeSaved)
        {
            UserContext.Put(frame, 16, UserContext.Get(frame, 14));
            return;
        }

        Span<byte> words = stackalloc byte[24];
        if (space.Read(SlotMap.AddressOf(Slot) + ChannelLayout.WakeReturn, words) != Errno.OK)
        {
            return; // the guest took its own slot away
        }

        var isDone = rip >= code.Woken;
        UserContext.Put(frame, 16, BitConverter.ToUInt64(words) + (isDone ? 2UL : 0));
        UserContext.Put(frame, 9, BitConverter.ToUInt64(words[8..]));
        UserContext.Put(frame, 2, BitConverter.ToUInt64(words[16..]));
        if (!isDone)
        {
            UserContext.Put(frame, 13, (ulong)Nr.futex);
        }
    }

    /// <summary>Before the call (as it was saved), or behind it when it was answered.</summary>
    private bool PutBack(Channel pages, ChannelCode code, byte[] frame, ulong rip, bool fault, ref bool settled)
    {
        var state = rip >= code.Posted && rip < code.Answered ? pages.Settle() : rip >= code.Rung || (rip >= code.Answered && rip < code.GivenUp);
        if (state is not { } done)
        {
            return true;
        }

        settled = true;
        UserContext.Put(frame, 8, pages.Saved(ChannelLayout.Arguments));
        UserContext.Put(frame, 9, pages.Saved(ChannelLayout.Arguments + 8));
        UserContext.Put(frame, 12, pages.Saved(ChannelLayout.Arguments + 16));
        UserContext.Put(frame, 2, pages.Saved(ChannelLayout.Arguments + 24));
        UserContext.Put(frame, 16, pages.Saved(ChannelLayout.Return) + (done ? 2UL : 0));
        var answer = rip >= code.Rung && rip < code.Stored ? UserContext.Get(frame, 13) : pages.Saved(ChannelLayout.Result);
        UserContext.Put(frame, 13, pages.Saved(ChannelLayout.Number));
        if (done)
        {
            UserContext.Put(frame, 13, fault || pages.Deliver(space) != Errno.OK ? unchecked((ulong)-(long)Errno.EFAULT) : answer);
        }

        return true;
    }
}
