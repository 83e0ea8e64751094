using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>Segments that come in (RFC 9293, section 3.10.7).</summary>
internal sealed partial class TcpConnection
{
    private const long DayAndMore = 24L * 86400 * 1_000_000_000; // RFC 7323, section 5.5
    private const long ControlInterval = 500_000_000;
    private const int QuickAcks = 16;

    private readonly StreamBuffer _incoming;
    private uint _irs;
    private long _receiveNext;
    private long _receiveRight;      // right edge of the window that the peer was told
    private long _lastAckSent;
    private long _finAt = -1;        // position of the peer's FIN, once known
    private bool _receivedFin;
    private long _lastOutOfOrder;    // position of the newest segment behind a hole
    private int _segmentSeen = 536;  // the longest segment the peer has sent
    private long _unacknowledged;    // bytes received since the last acknowledgment
    private int _quickAcks = QuickAcks;
    private bool _isConversation;    // answers carry acknowledgments
    private bool _ackNow;
    private uint _recentTimestamp;
    private long _recentTimestampAt;
    private long _lastChallenge = long.MinValue / 2;
    private long _lastReceived;
    private long _deferredUntil;     // TCP_DEFER_ACCEPT: until then an acknowledgment without data does not complete the handshake

    /// <summary>A segment for this connection.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="trafficClass">Of its IP header.</param>
    public void Input(in TcpSegment segment, byte trafficClass)
    {
        var options = TcpOptions.Parse(segment.Options);
        switch (State)
        {
            case TcpState.Closed:
                return;
            case TcpState.SynSent:
                InputSynSent(segment, options);
                break;
            default:
                InputSynchronized(segment, options, trafficClass);
                break;
        }

        if (State != TcpState.Closed)
        {
            Output();
        }
    }

    /// <summary>When the last data came.</summary>
    public long LastDataAt { get; private set; }

    /// <summary>TCP_QUICKACK: acknowledgments go at once, and do not wait for data to travel with.</summary>
    public bool AcknowledgesQuickly
    {
        get => !_isConversation;
        set
        {
            (_isConversation, _quickAcks) = (!value, value ? QuickAcks : 0);
            if (value && _delayedAckAt != long.MaxValue)
            {
                _ackNow = true;
                Output();
            }
        }
    }

    private uint ReceiveSequence(long position) => _irs + (uint)position;

    /// <summary>RFC 9293, section 3.10.7.3.</summary>
    private void InputSynSent(in TcpSegment segment, in TcpOptions options)
    {
        var hasAck = segment.Has(TcpFlags.Ack);
        var acknowledged = 1 + (int)(segment.Acknowledgment - SendSequence(1));
        if (hasAck && (acknowledged < 1 || acknowledged > 1 + _synData))
        {
            if (!segment.Has(TcpFlags.Rst))
            {
                _layer.SendReset(segment, Key);
            }

            return;
        }

        if (segment.Has(TcpFlags.Rst))
        {
            if (hasAck)
            {
                _stack.Counters.TcpAttemptFailures++;
                Remove(Errno.ECONNREFUSED);
            }

            return;
        }

        if (!segment.Has(TcpFlags.Syn))
        {
            return;
        }

        _irs = segment.Sequence;
        _receiveNext = 1;
        _lastReceived = Now;
        TakeSynOptions(options);
        if (options.HasTimestamp)
        {
            TakeTimestamp(options);
        }

        if (hasAck)
        {
            _sendWindow = _maximumWindow = segment.Window;
            _windowSequence = 0;
            _windowAck = acknowledged;
            TakeSynAnswer(acknowledged, options);
            if (AcknowledgeTo(acknowledged) is > 0 and var roundTrip)
            {
                _roundTrip.Add(roundTrip);
            }

            _hasEcn = _hasOfferedEcn && (segment.Flags & (TcpFlags.Ece | TcpFlags.Cwr)) == TcpFlags.Ece;
            Establish();
            _ackNow = true;
        }
        else
        {
            // Simultaneous open: both sides have sent a SYN.
            State = TcpState.SynReceived;
            _sendWindow = _maximumWindow = segment.Window;
            SendSyn();
        }
    }

    private void InputSynchronized(in TcpSegment segment, in TcpOptions options, byte trafficClass)
    {
        var position = _receiveNext + (int)(segment.Sequence - ReceiveSequence(_receiveNext));
        var end = position + segment.SequenceLength;

        // PAWS (RFC 7323, section 5): old duplicates have old timestamps. What has none is dropped (section 3.2), but for resets, and
        // SYNs, which are asked about.
        if (_hasTimestamps && options.HasTimestamp && !segment.Has(TcpFlags.Rst) && IsOldTimestamp(options))
        {
            AnswerUnacceptable(segment);
            return;
        }

        if (_hasTimestamps && !options.HasTimestamp && !segment.Has(TcpFlags.Rst | TcpFlags.Syn))
        {
            return;
        }

        // A zero window lets acknowledgments and resets pass (RFC 9293, section 3.10.7.4, "First").
        if (end < _receiveNext || position > Math.Max(_receiveRight, _receiveNext))
        {
            if (!segment.Has(TcpFlags.Rst))
            {
                AnswerUnacceptable(segment);
            }

            return;
        }

        if (segment.Has(TcpFlags.Rst))
        {
            InputReset(position);
            return;
        }

        if (segment.Has(TcpFlags.Syn) && !InputSyn(segment, position))
        {
            return;
        }

        if (!segment.Has(TcpFlags.Ack))
        {
            return;
        }

        _lastReceived = Now;
        _keepAliveProbes = 0;
        if (options.HasTimestamp && _hasTimestamps && position <= _lastAckSent) // RFC 7323, section 4.3 (3)
        {
            TakeTimestamp(options);
        }

        if (State == TcpState.SynReceived && !CompleteHandshake(segment))
        {
            return;
        }

        if (State == TcpState.TimeWait)
        {
            if (segment.SequenceLength > 0)
            {
                _ackNow = true; // the peer has not got the last one
                StartTimeWait();
            }

            return;
        }

        if (ProcessAck(segment, position, options) && State != TcpState.Closed)
        {
            TakeCongestionMark(segment, trafficClass);
            if (!segment.Payload.IsEmpty)
            {
                MeasureReceiver(options, segment.Payload.Length);
            }

            InputData(segment, position);
        }
    }

    /// <summary>RFC 5961, section 3: only the exact sequence number resets; anything else in the window is asked about.</summary>
    private void InputReset(long position)
    {
        if (position != _receiveNext)
        {
            Challenge();
            return;
        }

        switch (State)
        {
            case TcpState.SynReceived:
                _stack.Counters.TcpAttemptFailures++;
                Remove(Errno.ECONNREFUSED);
                break;
            case TcpState.TimeWait:
                break; // RFC 1337: not killed early
            default:
                _stack.Counters.TcpEstablishedResets++;
                Remove(State == TcpState.CloseWait ? Errno.EPIPE : Errno.ECONNRESET);
                break;
        }
    }

    /// <summary>A SYN on a connection: a repetition of the first, or somebody's attack or restart (RFC 5961, section 4).</summary>
    /// <returns>True when the rest of the segment counts.</returns>
    private bool InputSyn(in TcpSegment segment, long position)
    {
        if (State == TcpState.SynReceived && position == 0)
        {
            if (segment.Has(TcpFlags.Ack))
            {
                _ackNow = true;
                return true;
            }

            SendSyn();
            return false;
        }

        Challenge();
        return false;
    }

    /// <summary>The acknowledgment of our SYN (RFC 9293, section 3.10.7.4, "Fifth").</summary>
    private bool CompleteHandshake(in TcpSegment segment)
    {
        if (segment.Acknowledgment - SendSequence(_sendUna) is var ahead && (ahead == 0 || ahead > (uint)(_sendNext - _sendUna)))
        {
            _layer.SendReset(segment, Key);
            return false;
        }

        if (segment.SequenceLength == 0 && Now < _deferredUntil)
        {
            // The answer is repeated at the end of that time, and not before (tcp(7), TCP_DEFER_ACCEPT; tcp_check_req of Linux).
            SetLossTimer(LossTimer.Retransmit, _deferredUntil);
            return false;
        }

        if (!_isFastOpened && Listener is { } listener && !listener.Admit(this))
        {
            return false; // no room to wait for accept(2): the peer will repeat itself
        }

        Establish();
        return true;
    }

    private void Establish()
    {
        if (State is TcpState.SynSent or TcpState.SynReceived)
        {
            State = TcpState.Established;
        }

        WasEstablished = true;
        _keepAliveFrom = Now;
        InitBuffers();
        Wake(PollEvents.POLLOUT | PollEvents.POLLWRNORM | PollEvents.POLLIN);
    }

    private void InputData(in TcpSegment segment, long position)
    {
        var payload = segment.Payload;
        var start = position + (segment.Has(TcpFlags.Syn) ? 1 : 0);
        var end = start + payload.Length;
        var hasFin = segment.Has(TcpFlags.Fin);
        if (segment.Has(TcpFlags.Urg))
        {
            TakeUrgent(segment, start);
        }

        if (payload.IsEmpty && !hasFin)
        {
            if (position < _receiveNext)
            {
                _ackNow = true; // a keep-alive or window probe asks for an answer
            }

            return;
        }

        if (State is not (TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2))
        {
            _ackNow = true;
            return;
        }

        if (_wasClosed && end > _receiveNext && !payload.IsEmpty)
        {
            // Nobody will ever read it (RFC 1122, section 4.2.2.13).
            Abort(Errno.OK);
            return;
        }

        if (end > _receiveRight)
        {
            // What is beyond the window is not ours to keep, and a FIN behind it has not come.
            var keep = (int)Math.Clamp(_receiveRight - start, 0, payload.Length);
            hasFin &= keep == payload.Length;
            payload = payload[..keep];
            end = start + keep;
            _ackNow = true;
        }

        if (hasFin && _finAt < 0)
        {
            _finAt = end;
        }

        if (_finAt >= 0 && end > _finAt)
        {
            return; // data behind the end
        }

        _segmentSeen = Math.Max(_segmentSeen, Math.Min(payload.Length, MaximumReceiveSegment));
        if (end <= _receiveNext && !(hasFin && end == _receiveNext && !_receivedFin))
        {
            _ackNow = true; // a duplicate
            return;
        }

        Store(payload, start);
        if (_receiveNext == _finAt && !_receivedFin)
        {
            TakeFin();
        }
    }

    /// <summary>Keeps data, in order or behind a hole (RFC 9293, section 3.10.7.4, "Seventh").</summary>
    private void Store(ReadOnlySpan<byte> payload, long start)
    {
        if (start < _receiveNext)
        {
            payload = payload[(int)Math.Min(_receiveNext - start, payload.Length)..];
            start = _receiveNext;
        }

        if (payload.IsEmpty)
        {
            return;
        }

        var hadHole = _incoming.Later is not null;
        if (!TryKeep(payload, start) && !_incoming.Put(start, payload))
        {
            _ackNow = true; // no memory: as if it had been lost on the way
            return;
        }

        if (_incoming.Tail == _receiveNext)
        {
            _lastOutOfOrder = start;
            _ackNow = true; // RFC 5681, section 4.2: at once
            return;
        }

        _unacknowledged += _incoming.Tail - _receiveNext;
        _receiveNext = _incoming.Tail;
        LastDataAt = Now;
        Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
        if (hadHole || _unacknowledged > _segmentSeen || _quickAcks > 0)
        {
            // Every second full segment, and whatever fills a hole (RFC 5681, section 4.2).
            _quickAcks = Math.Max(_quickAcks - 1, 0);
            _ackNow = true;
        }
        else
        {
            _delayedAckAt = Math.Min(_delayedAckAt, Now + DelayedAck);
        }
    }

    /// <summary>Keeps the array of a large packet, instead of a copy of what is in it.</summary>
    private bool TryKeep(ReadOnlySpan<byte> payload, long start)
    {
        const int large = 16 * 1024;
        if (payload.Length < large || start != _incoming.Tail || _layer.Current is not { } packet || !packet.Data.AsSpan().Overlaps(payload, out var offset)
            || !_incoming.Give(new ArraySegment<byte>(packet.Data, offset, payload.Length)))
        {
            return false;
        }

        packet.Abandon();
        return true;
    }

    private void TakeFin()
    {
        _receivedFin = true;
        _receiveNext++;
        _ackNow = true;
        switch (State)
        {
            case TcpState.Established:
                State = TcpState.CloseWait;
                break;
            case TcpState.FinWait1:
                State = TcpState.Closing; // our own FIN is not acknowledged, or it would be FIN-WAIT-2
                break;
            case TcpState.FinWait2:
                StartTimeWait();
                break;
        }

        Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM | PollEvents.POLLRDHUP | PollEvents.POLLHUP);
    }

    private bool IsOldTimestamp(in TcpOptions options) =>
        (int)(options.TimestampValue - _recentTimestamp) < 0 && Now - _recentTimestampAt < DayAndMore;

    private void TakeTimestamp(in TcpOptions options)
    {
        _recentTimestamp = options.TimestampValue;
        _recentTimestampAt = Now;
    }

    /// <summary>Data outside the window is acknowledged, so that the peer learns where we are; control segments only now and then, or two
    /// confused sides would never stop.</summary>
    private void AnswerUnacceptable(in TcpSegment segment)
    {
        if (!segment.Payload.IsEmpty || segment.Has(TcpFlags.Fin))
        {
            _ackNow = true;
        }
        else
        {
            Challenge();
        }
    }

    /// <summary>A challenge ACK (RFC 5961), limited in number (its section 7).</summary>
    private void Challenge()
    {
        if (Now - _lastChallenge >= ControlInterval)
        {
            _lastChallenge = Now;
            _stack.Counters.TcpChallengeAcks++;
            _ackNow = true;
        }
    }
}
