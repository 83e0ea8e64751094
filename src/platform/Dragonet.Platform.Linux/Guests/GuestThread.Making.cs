using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform.Linux.Channels;
using Dragonet.Platform.Linux.Interop;
using Dragonet.Platform.Linux.Stub;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>
/// Threads that the channel's code makes (<see cref="ChannelCode.ThreadFlags"/>). The kernel sees clone(2) with its arguments in registers,
/// knows the new thread from then on, and lets the host make it. The host's number of it stands in the new thread's pages when the host has
/// (CLONE_PARENT_SETTID); it is believed when it is that of a thread of this process which nobody else is.
/// </summary>
internal sealed partial class GuestThread
{
    private const int NoMore = -1;

    private GuestThread? _maker;  // who gets the slot for the next one
    private GuestThread? _unborn; // made in the current or the last call; null when the host's number is known
    private int _nextSlot;        // lent for the next thread; 0 for none, NoMore at the end
    private bool _making;         // the current call is such a clone
    private bool _repeats;        // it is to be made the long way
    private volatile bool _begins; // this thread was made so, and may not have its signal stack yet

    /// <summary>A clone(2) of the channel's code came: it is the call that the kernel is to see, if it is one that can be.</summary>
    internal bool TryMake(in SeccompNotif notification, out SystemCall call)
    {
        call = default;
        var n = notification;
        var isOne = n.InstructionPointer == space.Platform.ChannelCode?.ThreadMade && n.A0 == ChannelCode.ThreadFlags
            && n.A2 == n.A5 + ChannelLayout.Control + ChannelLayout.HostTid;
        if (isOne && _unborn is { IsBorn: false } child && n.A5 == SlotMap.AddressOf(child.Slot))
        {
            // The host began it, saw a signal (SIGSTOP), and begins anew. Or a guest wants more threads than the kernel knows of.
            if (space.IsUnmade())
            {
                space.Listener.Continue(n.Id);
            }

            return false;
        }

        LearnNumber();
        var slot = Volatile.Read(ref _nextSlot);
        if (!isOne || slot <= 0 || n.A5 != SlotMap.AddressOf(slot) || _channel is not { } channel || !channel.TryReadMaking(out var parentTid, out var after))
        {
            space.Listener.Send(n.Id, StubLayout.AnswerRepeat);
            return false;
        }

        Stopped(n.Id);
        _making = true;
        call = new SystemCall((int)Nr.clone, n.A0, n.A1, parentTid, n.A3, n.A4, 0, after);
        return true;
    }

    /// <summary>The kernel has agreed: the thread is known from now on.</summary>
    private Result<VmThread> Make(in CloneRequest request)
    {
        var slot = Interlocked.Exchange(ref _nextSlot, 0);
        if (slot <= 0 || space.Slots.GetChannel(slot) is not { } pages || request is not { SameProcess: true, LentMask: { } mask })
        {
            GiveSlot(slot);
            _channel?.SetNextSlot(0);
            _repeats = true;
            return Errno.EAGAIN;
        }

        long[] identity = [_identity[0], request.Tid, .. _identity.AsSpan(2)];
        pages.Begin(identity, mask);
        pages.PrepareBirth();
        space.Platform.ChannelServer?.MakeRoom();
        var made = new GuestThread(space, 0, slot) { _silent = true, _begins = true, _maker = this };
        made.SetIdentity(identity);
        made.FindChannel();
        _unborn = made;
        space.Add(made);
        space.Platform.RememberUnborn(made);
        return Result<VmThread>.Of(made);
    }

    /// <summary>Answers the clone: the host makes the thread, and the stub finds the number that the maker gets.</summary>
    private void ResumeMaking(long value)
    {
        _making = false;
        if (value > 0 && _unborn is not null && _channel is { } channel)
        {
            channel.AnswerMaking(value);
            space.Listener.Continue(_notification);
            return;
        }

        space.Listener.Send(_notification, _repeats ? StubLayout.AnswerRepeat : value);
        _repeats = false;
    }

    /// <summary>The host did not make it, or was interrupted before: what the kernel knows of it ends.</summary>
    internal void Stillborn()
    {
        if (_unborn is { IsBorn: false } child && space.IsUnmade())
        {
            _unborn = null;
            space.Platform.ForgetUnborn(child);
            space.Remove(child);
            child._maker = null; // the next one is made the long way, in which no signal comes between: one that always does ends nothing
            child.LeaveSlot();
            space.Platform.Handler.OnStillborn(child);
        }
    }

    /// <summary>The host's number of the thread made last is wanted before it is made again, or its pages are another one's.</summary>
    private void LearnNumber()
    {
        if (_unborn is { } child && child.TryLearn(child.PublishedNumber))
        {
            _unborn = null;
        }
    }

    /// <summary>The host has made it, as its pages say.</summary>
    private bool IsBorn => Volatile.Read(ref _hostTid) != 0 || PublishedNumber != 0;

    private int PublishedNumber => _channel?.HostTid ?? 0;

    /// <summary>True when this is the one that has this number at the host; it is known from then on.</summary>
    internal bool TryLearn(int number)
    {
        if (Volatile.Read(ref _hostTid) is not 0 and var known)
        {
            return known == number;
        }

        // kill(2): signal 0 only asks, here whether it is a thread of this process.
        if (number <= 0 || PublishedNumber != number || Host.Call(Nr.tgkill, space.Pid, number, 0) != 0 || !space.Platform.TryRemember(number, this))
        {
            return false;
        }

        Volatile.Write(ref _hostTid, number);
        space.Platform.ForgetUnborn(this);
        return true;
    }

    /// <summary>An interruption would come before the thread has its signal stack: it is sent when the thread says so.</summary>
    private bool MustWaitForBirth() => _begins && (_begins = _channel?.TryAwait() == true);

    /// <summary>It has, and was asked to say so.</summary>
    internal void Begun()
    {
        if (_begins)
        {
            _begins = false;
            SendInterrupt();
        }
    }

    /// <summary>Lends the slot of a thread that ended, whose pages are there, for the next one.</summary>
    private bool TryOffer(int slot)
    {
        if (_channel is not { } channel || space.Platform.IsStrict || Interlocked.CompareExchange(ref _nextSlot, slot, 0) != 0)
        {
            return false;
        }

        channel.SetNextSlot(SlotMap.AddressOf(slot));
        return true;
    }

    private void GiveSlot(int slot)
    {
        if (slot > 0)
        {
            space.Slots.Give(slot, 0);
        }
    }

    /// <summary>The end: the slot is free, the channel is nobody's.</summary>
    private void LeaveSlot()
    {
        GiveSlot(Interlocked.Exchange(ref _nextSlot, NoMore));
        var hasPages = _channel is not null;
        if (_channel is { } channel)
        {
            channel.IsActive = false;
            channel.Thread = null;
            _ = channel.Recall(); // the next thread has a mask of its own
            channel.SetNextSlot(0);
            _channel = null;
        }

        if (!hasPages || _maker is null || !_maker.TryOffer(Slot))
        {
            space.Slots.Give(Slot, _calls);
        }

        _maker = null;
    }

    /// <summary>An interruption within the code that makes a thread: before the call, or behind it.</summary>
    private void SettleThread(ChannelCode code, Span<byte> frame, ulong rip)
    {
        if (rip < code.ThreadSaved || _channel is not { } channel)
        {
            UserContext.Put(frame, 16, UserContext.Get(frame, 14));
            return;
        }

        // Between ThreadMade and ThreadTold rax is the host's answer.
        var answer = (long)UserContext.Get(frame, 13);
        var isBehind = (rip >= code.ThreadTold && rip < code.ThreadGivenUp) || rip >= code.ThreadBegun;
        var isAnswered = !isBehind && rip >= code.ThreadMade && rip < code.ThreadTold && answer != StubLayout.AnswerRepeat;
        Stillborn(); // if it is

        Span<int> places = [8, 9, 12, 2, 0, 1]; // rdi, rsi, rdx, r10, r8, r9 in struct sigcontext
        ulong after = 0, result = 0;
        var registers = new ulong[places.Length];
        _ = channel.Inspect(pages =>
        {
            for (var i = 0; i < registers.Length; i++)
            {
                registers[i] = pages.Saved(ChannelLayout.Arguments + (i * 8));
            }

            (after, result) = (pages.Saved(ChannelLayout.Return), pages.Saved(ChannelLayout.Result));
            return true;
        });
        for (var i = 0; i < registers.Length; i++)
        {
            UserContext.Put(frame, places[i], registers[i]);
        }

        UserContext.Put(frame, 16, after + (isBehind || isAnswered ? 2UL : 0));
        UserContext.Put(frame, 13, rip >= code.ThreadBegun ? 0 : isBehind || (isAnswered && answer > 0) ? result : isAnswered ? (ulong)answer : (ulong)Nr.clone3);
    }
}
