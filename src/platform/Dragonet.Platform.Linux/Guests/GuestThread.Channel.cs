using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform.Linux.Channels;
using Dragonet.Platform.Linux.Interop;
using Dragonet.Platform.Linux.Stub;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>System calls that come through the thread's channel instead of the filter.</summary>
internal sealed partial class GuestThread
{
    /// <summary>So many calls show that a channel is worth its making; and where all shall have one.</summary>
    private const int CallsForChannel = 48, CallsWhenForced = 3;

    /// <summary>So many calls that move much show that a window is worth its memory.</summary>
    private const int CallsForWindow = 16;

    /// <summary>So many calls that asked for much and got little show that the next ones will, too.</summary>
    private const int CallsForPosting = 4;

    /// <summary>A call that waits weighs as much as so many that do not; from this sum on a thread waits often; most that is added up.</summary>
    private const int WeightOfWait = 4, ManyWaits = 16, MostWaits = 32;

    private readonly long[] _identity = new long[ChannelLayout.IdentityWords];
    private Channel? _channel;
    private Channel? _asked;   // the channel that the current trap came through
    private Channel? _belled;  // the channel that came along with the current notification
    private bool _wantsChannel;
    private bool _wantsWindow;
    private int _muchCalls;
    private bool _asksMuch;    // the call that is served
    private int _littleAnswers; // to the last calls that asked for much
    private int _calls;
    private bool _hasPredecessors; // threads that live one after another in one slot: its pages will serve the next ones, too
    private bool _makesThreads;    // which is quicker with a channel, served or not
    private long _lastCall;
    private int _quickCalls;
    private int _waits;        // a measure of how many of the last calls had to wait

    /// <summary>The address space, as the platform knows it.</summary>
    internal GuestSpace GuestSpace => space;

    /// <inheritdoc/>
    public override IUserMemory Memory => (IUserMemory?)(_asked ?? _belled) ?? space;

    /// <inheritdoc/>
    public override bool IsQuick => _asked is not null;

    /// <inheritdoc/>
    public override ISignalMaskLease? MaskLease => space.Platform.IsStrict ? null : _channel;

    /// <inheritdoc/>
    public override ulong? RobustList
    {
        get => _channel?.RobustList;
        set => _channel?.RobustList = value;
    }

    /// <summary>The slot's pages may be there from an earlier thread.</summary>
    internal void FindChannel()
    {
        _calls = space.Slots.TakeCalls(Slot);
        _hasPredecessors = _calls > 0;
        _channel = space.Slots.GetChannel(Slot);
        if (_channel is { } channel)
        {
            channel.SetIdentity(_identity);
            channel.Thread = this;
        }
    }

    /// <inheritdoc/>
    public override void SetIdentity(int process, int thread, uint user, uint effectiveUser, uint group, uint effectiveGroup)
    {
        SetIdentity([process, thread, user, effectiveUser, group, effectiveGroup]);
    }

    private void SetIdentity(ReadOnlySpan<long> words)
    {
        words.CopyTo(_identity);
        _channel?.SetIdentity(words);
    }

    /// <summary>A request was claimed.</summary>
    internal void Stopped(Channel channel, bool asksMuch)
    {
        _asksMuch = asksMuch;
        _notification = 0;
        _context = 0;
        _asked = channel;
        _belled = null;
        Volatile.Write(ref _waits, Math.Max(_waits - 1, 0));
    }

    /// <summary>A notification came from the channel's bell, with what was sent along.</summary>
    internal bool TryRing(in SeccompNotif notification, ReadOnlySpan<byte> kinds, out SystemCall call)
    {
        call = default;
        if (_channel is not { } channel || notification.InstructionPointer != space.Platform.ChannelCode!.Rung
            || !channel.TryRing(notification, kinds, out call))
        {
            return false;
        }

        Stopped(notification.Id);
        _belled = channel;
        return true;
    }

    /// <summary>
    /// So many calls must wait that nobody should spin for this thread: such a call comes twice, through the channel and by its
    /// notification, and who wakes the thread from a processor that spins has to send for another one, which costs more than the call.
    /// </summary>
    internal bool WaitsOften => Volatile.Read(ref _waits) >= ManyWaits;

    /// <inheritdoc/>
    public override void OnWait()
    {
        Volatile.Write(ref _waits, Math.Min(_waits + WeightOfWait, MostWaits));
        if (_belled is { StaysWhileWaiting: false })
        {
            EndBell(late: true);
        }
    }

    private void EndBell(bool late)
    {
        if (_belled is { } channel)
        {
            _belled = null;
            channel.EndBell(late);
        }
    }

    /// <inheritdoc/>
    public override bool TryRepeat()
    {
        if (_asked is not { } channel)
        {
            return false;
        }

        _asked = null;
        channel.Repeat();
        return true;
    }

    /// <summary>Counts a notification: a thread that makes many calls gets a channel, and has it served while it makes many in a short time.</summary>
    /// <param name="isMuch">It may move so much that it rings anyway.</param>
    /// <param name="fitsWindow">A window would help it.</param>
    internal void Count(bool isMuch, bool fitsWindow)
    {
        Volatile.Write(ref _waits, Math.Max(_waits - 1, 0));
        _asksMuch = isMuch;
        if (_channel is { } channel)
        {
            var now = System.Diagnostics.Stopwatch.GetTimestamp();
            var isQuick = now - _lastCall < System.Diagnostics.Stopwatch.Frequency / 10_000; // 100 microseconds
            _quickCalls = !isQuick ? 0 : isMuch ? _quickCalls : _quickCalls + 1; // as grep(1) does: open, fstat, two large reads, close
            _lastCall = now;
            if (isMuch && fitsWindow && _littleAnswers == 0 && ++_muchCalls == CallsForWindow)
            {
                _wantsWindow = true;
                Interrupt();
            }

            if (channel.IsActive && channel.IsWithdrawn)
            {
                space.Platform.ChannelServer!.Missed(channel);
            }

            if (_quickCalls > 3 && !channel.IsActive && !WaitsOften)
            {
                _quickCalls = 0;
                space.Platform.ChannelServer!.Activate(channel);
            }
        }
        else if (space.Platform.ChannelServer is { } server && ++_calls >= (server.IsForced ? CallsWhenForced : CallsForChannel) && !_wantsChannel)
        {
            space.Slots.AskMuch();
            if (_hasPredecessors || _makesThreads || server.IsWelcome)
            {
                _wantsChannel = true;
                Interrupt();
            }
        }
    }

    /// <summary>The answer to a call that asks for much: a program that reads small files with a large buffer, as grep(1) does, need not ring.</summary>
    private void Weigh(long answer)
    {
        if (answer > ChannelLayout.Capacity)
        {
            _littleAnswers = 0;
            _channel?.PostsMuch = false;
        }
        else if (answer >= 0 && _littleAnswers < CallsForPosting && ++_littleAnswers == CallsForPosting)
        {
            _channel?.PostsMuch = true;
        }
    }

    /// <summary>In the trap that <see cref="Count"/> asked for.</summary>
    internal void MakeWantedChannel()
    {
        if (_wantsChannel)
        {
            MakeChannel(atBirth: false);
        }
    }

    /// <summary>A process that was forked just now by a program whose children ask much.</summary>
    private void BeginWithChannel()
    {
        MakeChannel(atBirth: true);
        if (_channel is { } channel)
        {
            space.Platform.ChannelServer!.Activate(channel);
        }
    }

    /// <summary>In a trap: maps the shared pages. A fork must neither share nor inherit them.</summary>
    private void MakeChannel(bool atBirth)
    {
        if (_channel is not null || space.Platform.ChannelServer is null || Channel.Create() is not { } channel)
        {
            return;
        }

        var page = SlotMap.AddressOf(Slot);
        var error = space.Listener.Lend(_notification, channel.Fd, LentFd);
        if (error == Errno.OK)
        {
            const long dontFork = 10, wipeOnFork = 18;
            error = Run(
            [
                ((long)Nr.mmap, (long)page + ChannelLayout.Control, ChannelLayout.Size, 3, 0x11, LentFd, 0), // MAP_SHARED|MAP_FIXED
                ((long)Nr.close, LentFd, 0, 0, 0, 0, 0),
                ((long)Nr.madvise, (long)page + ChannelLayout.Control, ChannelLayout.Size, dontFork, 0, 0, 0),
                ((long)Nr.madvise, (long)page, ChannelLayout.Control, wipeOnFork, 0, 0, 0),
            ]).Ok(out _, out var failed) ? Errno.OK : failed;
        }

        channel.Begin(_identity, null); // before the guest can look
        if (error != Errno.OK || space.Write(page + ChannelLayout.Present, [1, 0, 0, 0]) != Errno.OK || !space.Slots.TrySetChannel(Slot, channel, atBirth))
        {
            channel.Dispose();
            return;
        }

        channel.Thread = this;
        _channel = channel;
    }

    /// <summary>In the trap that <see cref="Count"/> asked for: maps the window.</summary>
    internal void MakeWindow()
    {
        var isWanted = _wantsWindow;
        _wantsWindow = false;
        if (!isWanted || _channel is not { } channel || space.Platform.ChannelServer is not { } server
            || channel.MakeWindow(server.Windows, Slot) is not { } window)
        {
            return;
        }

        var address = ChannelLayout.AddressOfWindow(Slot);
        var error = space.Listener.Lend(_notification, window, LentFd);
        if (error == Errno.OK)
        {
            const long dontFork = 10;
            error = Run(
            [
                ((long)Nr.mmap, (long)address, ChannelLayout.WindowSize, 3, 0x11, LentFd, 0), // MAP_SHARED|MAP_FIXED
                ((long)Nr.close, LentFd, 0, 0, 0, 0, 0),
                ((long)Nr.madvise, (long)address, ChannelLayout.WindowSize, dontFork, 0, 0, 0),
            ]).Ok(out _, out var failed) ? Errno.OK : failed;
        }

        channel.OpenWindow(error == Errno.OK ? address : 0);
    }

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
