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
    private PostingHabit _posting;
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
            if (isMuch && fitsWindow && !_posting.IsLittle && ++_muchCalls == CallsForWindow)
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
}
