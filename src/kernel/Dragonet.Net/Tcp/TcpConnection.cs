using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>
/// One TCP connection (RFC 9293): the transmission control block and its state machine. It lives in the layer's table from its first
/// SYN until CLOSED, with a socket or, before accept(2) and after close(2), without. Positions count sequence numbers from the
/// initial one in 64 bits: SYN is 0, the first byte 1. They never wrap, so they compare as numbers.
/// </summary>
internal sealed partial class TcpConnection : StackTimer, IPortUser
{
    private readonly TcpLayer _layer;
    private readonly Stack _stack;
    private readonly uint _timestampOffset;
    private readonly RoundTripEstimator _roundTrip = new();
    private readonly CongestionControl _congestion;
    private Path? _path;
    private bool _hasTimestamps;
    private bool _hasSack;
    private bool _wasClosed; // by the user: nobody will read

    /// <summary>An active open; <see cref="Open"/> sends the SYN.</summary>
    public TcpConnection(TcpLayer layer, Endpoint local, Endpoint remote, TcpSettings settings, TcpSocket? socket, uint? cookie = null)
    {
        _layer = layer;
        _stack = layer.Stack;
        Local = local;
        Remote = remote;
        Settings = settings;
        Socket = socket;
        Key = new TcpKey(local.Address, local.Port, remote.Address, remote.Port);
        _iss = cookie ?? (uint)(_stack.Hash.Of(Key, 1) + ((ulong)_stack.Now >> 6)); // RFC 6528
        _timestampOffset = layer.TimestampOffset(Key);
        _outgoing = new StreamBuffer(_stack.Buffers);
        _outgoing.Advance(1);
        _incoming = new StreamBuffer(_stack.Buffers);
        _incoming.Advance(1);
        _sendSegment = DefaultSegment;
        _flowLabel = local.Address.IsV4 ? 0 : _stack.FlowLabelOf(Key);
        _windowShift = _stack.TcpMemory.WindowShift;
        _congestion = CongestionControl.Create(settings.Congestion, _sendSegment);
    }

    public TcpKey Key { get; }

    public Endpoint Local { get; }

    public Endpoint Remote { get; }

    public TcpSettings Settings { get; set; }

    public TcpState State { get; private set; } = TcpState.Closed;

    /// <summary>The socket, or null before accept(2) and after close(2).</summary>
    public TcpSocket? Socket { get; set; }

    /// <summary>The listener that waits for it, until it is accepted.</summary>
    public TcpSocket? Listener { get; set; }

    /// <summary>Why it ended, until somebody has been told.</summary>
    public Errno Error { get; set; }

    IPAddress IPortUser.BoundAddress => Local.Address;

    AddressSet? IPortUser.Addresses => Settings.Addresses;

    int IPortUser.BoundInterface => Settings.BoundInterface;

    bool IPortUser.IsV6Only => Settings.IsV6Only;

    bool IPortUser.ReuseAddress => Settings.ReuseAddress;

    bool IPortUser.ReusePort => Settings.ReusePort;

    uint IPortUser.Owner => Settings.Owner;

    bool IPortUser.IsListening => false;

    /// <summary>TCP_SAVED_SYN: the headers of the SYN that this connection began with, or null.</summary>
    public byte[]? SavedSyn { get; set; }

    /// <summary>True once the handshake is over, whatever came after.</summary>
    public bool WasEstablished { get; private set; }

    /// <summary>The peer has sent its last byte, and all of them are here.</summary>
    public bool IsReceiveEnded => _receivedFin || State == TcpState.Closed;

    /// <summary>The user has sent the last byte.</summary>
    public bool IsSendEnded => _isFinQueued || State == TcpState.Closed;

    private long Now => _stack.Now;

    /// <summary>Active open: sends a SYN (RFC 9293, section 3.10.1).</summary>
    public void Open()
    {
        State = TcpState.SynSent;
        _stack.Counters.TcpActiveOpens++;
        _layer.Add(this);
        SendSyn();
    }

    /// <summary>Passive open: a SYN came to a listener (RFC 9293, section 3.10.7.2).</summary>
    /// <param name="segment">The SYN.</param>
    /// <param name="options">Its options.</param>
    /// <param name="fastOpen">Its data counts.</param>
    /// <param name="cookieToGive">For the answer; or null.</param>
    public void Accept(in TcpSegment segment, in TcpOptions options, bool fastOpen = false, byte[]? cookieToGive = null)
    {
        State = TcpState.SynReceived;
        _irs = segment.Sequence;
        _receiveNext = 1;
        _deferredUntil = Settings.DeferAccept > 0 ? Now + Settings.DeferAccept * Second : 0;
        TakeSynOptions(options);
        if (fastOpen)
        {
            TakeSynData(segment.Payload);
        }

        _cookieToGive = cookieToGive;
        AcceptEcn(segment);
        _sendWindow = _maximumWindow = segment.Window;
        _layer.Add(this);
        SendSyn();
    }

    /// <summary>Passive open by the acknowledgment of a SYN cookie: as if the answer had been sent from here.</summary>
    /// <param name="segment">The acknowledgment.</param>
    /// <param name="options">What the caller offered, as far as it is known.</param>
    /// <param name="ecn">Congestion notification was agreed on.</param>
    public void AcceptConfirmed(in TcpSegment segment, in TcpOptions options, bool ecn)
    {
        State = TcpState.SynReceived;
        _irs = segment.Sequence - 1;
        _receiveNext = 1;
        _sendNext = 1;
        TakeSynOptions(options);
        _hasEcn = ecn;
        _ = TakeWindow(isSyn: true);
        _layer.Add(this);
    }

    /// <summary>The user is done with sending (shutdown(2)), or with everything (close(2)).</summary>
    public void Finish()
    {
        if (_isFinQueued)
        {
            return;
        }

        switch (State)
        {
            case TcpState.SynReceived or TcpState.Established:
                State = TcpState.FinWait1;
                break;
            case TcpState.CloseWait:
                State = TcpState.LastAck;
                break;
            default:
                return;
        }

        _isFinQueued = true;
        _corkedUntil = 0;
        Output();
    }

    /// <summary>close(2): the connection goes on without a socket, as long as its protocol needs.</summary>
    /// <param name="hard">SO_LINGER with a time of 0: a reset.</param>
    public void Close(bool hard)
    {
        Socket = null;
        _wasClosed = true;
        // Data that nobody will read is not acknowledged in silence (RFC 2525, section 2.17).
        var hasUnread = _incoming.Count > 0;
        switch (State)
        {
            case TcpState.Closed:
                _incoming.Clear();
                break;
            case TcpState.SynSent:
                Remove(Errno.OK);
                break;
            case var _ when hard || hasUnread:
                Abort(Errno.OK);
                break;
            default:
                Finish();
                _incoming.Clear();
                if (State == TcpState.FinWait2)
                {
                    StartFinWait2();
                }

                break;
        }
    }

    /// <summary>Sends a reset and ends.</summary>
    public void Abort(Errno error)
    {
        if (State is TcpState.SynReceived or TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2 or TcpState.CloseWait
            or TcpState.Closing or TcpState.LastAck)
        {
            _stack.Counters.TcpOutResets++;
            Emit(EmptyPosition, 0, TcpFlags.Rst | TcpFlags.Ack);
        }

        Remove(error);
    }

    /// <summary>Ends without a word.</summary>
    public void Remove(Errno error)
    {
        if (State == TcpState.Closed)
        {
            return;
        }

        var state = State;
        State = TcpState.Closed;
        _layer.Remove(this, state);
        _stack.Timers.Remove(this);
        _sent.Clear();
        _outgoing.Clear();
        if (Socket is null)
        {
            _incoming.Clear(); // else what came before the end can still be read
        }

        if (error != Errno.OK)
        {
            Error = error;
        }

        Listener?.Drop(this);
        Wake(PollEvents.All);
    }

    /// <summary>An ICMP error about a segment of this connection (RFC 5927): it may end an attempt, but not what is established.</summary>
    /// <param name="sequence">Where the segment began.</param>
    /// <param name="notice">The error.</param>
    /// <param name="quoted">What is quoted of the segment.</param>
    public void OnIcmp(uint sequence, in IcmpNotice notice, ReadOnlySpan<byte> quoted)
    {
        var (error, mtu) = (notice.Number, notice.Mtu);
        var position = _sendUna + (int)(sequence - SendSequence(_sendUna));
        if (position < _sendUna || position >= _sendNext)
        {
            return; // not on its way: not to be believed
        }

        if (error == Errno.EMSGSIZE)
        {
            OnPathMtu(mtu);
        }
        else if (State == TcpState.SynSent)
        {
            if (Settings.WantsErrors)
            {
                Socket?.Errors.Add(new SocketError(error, notice.Type, notice.Code, (uint)mtu, Remote, notice.About, quoted.ToArray()));
            }

            // Also for errors that may pass: whoever connects has other addresses to try (RFC 5461), and does not want to wait minutes.
            _stack.Counters.TcpAttemptFailures++;
            Remove(error);
        }
        else if (Settings.WantsErrors && Socket is not null)
        {
            Error = error; // at once, and the connection goes on (ip(7), IP_RECVERR; tcp_v4_err of Linux)
            Wake(PollEvents.All);
        }
        else
        {
            _softError = error;
        }
    }

    /// <summary>SO_LINGER: who waits until everything was acknowledged, with its socket closed; or null.</summary>
    public WaitQueue? Lingerer { get; set; }

    /// <summary>The user's last byte, and the end behind it, was not acknowledged.</summary>
    public bool IsFinishing => State is TcpState.FinWait1 or TcpState.Closing or TcpState.LastAck;

    private void Wake(PollEvents events) => _ = (Socket?.Queue ?? Lingerer)?.Wake(events);

    private Path? FindPath()
    {
        if (_path is { } known && known.Interface.IsOf(_stack) && known.Interface.IsUp)
        {
            return known;
        }

        _path = _stack.Resolve(Remote.Address, Remote.Scope, new RouteQuery(Local.Address, Settings.Mark)).Ok(out var path) ? path : null;
        return _path;
    }
}
