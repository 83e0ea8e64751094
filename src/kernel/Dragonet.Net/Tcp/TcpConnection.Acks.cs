using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>What the peer says it has: acknowledgments, SACK, and what follows for loss (RFC 5681, 2018, 6675, 8985).</summary>
internal sealed partial class TcpConnection
{
    private readonly SentQueue _sent = new();
    private int _duplicateAcks;
    private Recovery _recovery;
    private long _recoverUntil;      // recovery ends when this is acknowledged
    private bool _mustResend;
    private bool _isLimited;         // the window of congestion control held data back
    private long _rackSentAt;        // RFC 8985: the newest transmission that is known to have arrived
    private long _rackEnd;
    private long _rackRoundTrip;
    private long _highestDelivered;
    private bool _hasReordering;

    private enum Recovery : byte
    {
        None,
        Fast,
        Timeout,
    }

    private long InFlight => _sendNext - _sendUna;

    /// <summary>Bytes thought to be on their way (RFC 6675, "pipe"). Without SACK each duplicate says that a segment has left.</summary>
    private long Pipe => Math.Max(InFlight - _sent.SackedBytes - _sent.LostBytes - (_hasSack ? 0 : (long)_duplicateAcks * _sendSegment), 0);

    /// <returns>False when the segment is to be dropped.</returns>
    private bool ProcessAck(in TcpSegment segment, long position, in TcpOptions options)
    {
        var ack = _sendUna + (int)(segment.Acknowledgment - SendSequence(_sendUna));
        if (ack > _sendNext || ack < _sendUna - Math.Min(_maximumWindow, _sendUna))
        {
            Challenge(); // RFC 5961, section 5
            return false;
        }

        var window = (long)segment.Window << _sendShift;
        var sameWindow = window == _sendWindow;
        var reopens = false;
        if (ack >= _sendUna && (position > _windowSequence || (position == _windowSequence && ack >= _windowAck)))
        {
            if (window > _sendWindow && _outgoing.Tail > _sendNext && _sent.Count == 0)
            {
                _expirations = 0; // the window opens again
            }

            reopens = window > _sendWindow && IsWindowShrunk;
            _sendWindow = window;
            _maximumWindow = Math.Max(_maximumWindow, window);
            _windowSequence = position;
            _windowAck = ack;
        }

        var priorInFlight = InFlight;
        var priorSacked = _sent.SackedBytes;
        var roundTrip = 0L;
        var acknowledged = ack - _sendUna;
        if (acknowledged > 0)
        {
            // Before the blocks, so that what arrived in order is not taken for reordered (RFC 8985, section 6.2, step 3).
            roundTrip = AcknowledgeTo(ack);
            if (State == TcpState.Closed)
            {
                return false;
            }
        }
        else if (ack == _sendUna && segment.SequenceLength == 0 && sameWindow && InFlight > 0 && !_hasSack)
        {
            _duplicateAcks++;
        }

        if (_hasSack && options.BlockCount > 0)
        {
            roundTrip = Math.Max(TakeSack(options), roundTrip);
        }

        if (roundTrip == 0 && acknowledged > 0 && _hasTimestamps && options.TimestampEcho != 0)
        {
            // Only timestamps can tell for what was sent twice (RFC 7323, section 4).
            var milliseconds = TimestampNow - options.TimestampEcho;
            roundTrip = milliseconds < 1 << 20 ? milliseconds * 1_000_000L : 0;
        }

        if (roundTrip > 0)
        {
            _roundTrip.Add(roundTrip);
        }

        TakeCongestionEcho(segment, priorInFlight);
        UpdateRecovery(acknowledged, priorInFlight);
        if (acknowledged > 0)
        {
            OnRoomMade();
        }

        if (reopens && _sent.Count > 0)
        {
            // What came while there was no window was dropped, and the timer has been asking more and more seldom.
            _sent.MarkLost(0);
            _mustResend = true;
            _expirations = 0;
            RestartLossTimer();
        }

        if (acknowledged > 0 || _sent.SackedBytes != priorSacked)
        {
            _isProbing = false;
            RestartLossTimer();
        }

        return true;
    }

    /// <summary>Everything before a position has arrived.</summary>
    /// <returns>A measured round trip, or 0.</returns>
    private long AcknowledgeTo(long position)
    {
        var roundTrip = 0L;
        while (_sent.Count > 0 && _sent[0].Start < position)
        {
            ref var first = ref _sent[0];
            if (first.End > position)
            {
                _sent.TrimFirst(position);
                break;
            }

            if (!first.IsSacked)
            {
                roundTrip = Delivered(first, roundTrip);
            }

            _sent.RemoveFirst();
        }

        _sendUna = position;
        _expirations = 0;
        _outgoing.Advance(Math.Min(position, _outgoing.Tail));
        if (_outgoing.Count <= Settings.SendBuffer / 3 * 2)
        {
            Wake(PollEvents.POLLOUT | PollEvents.POLLWRNORM);
        }

        if (_isFinQueued && position == _outgoing.Tail + 1)
        {
            FinAcknowledged();
        }

        return roundTrip;
    }

    private void FinAcknowledged()
    {
        switch (State)
        {
            case TcpState.FinWait1:
                State = TcpState.FinWait2;
                if (_wasClosed)
                {
                    StartFinWait2();
                }

                Wake(PollEvents.POLLOUT);
                break;
            case TcpState.Closing:
                StartTimeWait();
                break;
            case TcpState.LastAck:
                Remove(Errno.OK);
                break;
        }
    }

    private long TakeSack(in TcpOptions options)
    {
        var roundTrip = 0L;
        for (var block = 0; block < options.BlockCount; block++)
        {
            var (left, right) = options.Block(block);
            var start = _sendUna + (int)(left - SendSequence(_sendUna));
            var end = _sendUna + (int)(right - SendSequence(_sendUna));
            if (start < _sendUna || end > _sendNext || start >= end)
            {
                continue; // a report of duplicates (RFC 2883), or nonsense
            }

            for (var i = FirstAtOrAfter(start); i < _sent.Count && _sent[i].End <= end; i++)
            {
                if (!_sent[i].IsSacked)
                {
                    roundTrip = Delivered(_sent[i], roundTrip);
                    _sent.MarkSacked(i);
                }
            }
        }

        return roundTrip;
    }

    private int FirstAtOrAfter(long position)
    {
        var (low, high) = (0, _sent.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _sent[middle].Start < position ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>A segment has arrived (RFC 8985, section 6.2, steps 1 to 3).</summary>
    private long Delivered(in SentSegment segment, long roundTrip)
    {
        var time = Math.Max(Now - segment.SentAt, 1);
        if (segment.End < _highestDelivered && !segment.IsRetransmitted)
        {
            _hasReordering = true;
        }

        _highestDelivered = Math.Max(_highestDelivered, segment.End);
        if (segment.IsRetransmitted && time < _roundTrip.Minimum)
        {
            return roundTrip; // the first transmission arrived after all
        }

        if (segment.SentAt > _rackSentAt || (segment.SentAt == _rackSentAt && segment.End > _rackEnd))
        {
            _rackSentAt = segment.SentAt;
            _rackEnd = segment.End;
            _rackRoundTrip = time;
        }

        return segment.IsRetransmitted ? roundTrip : time;
    }

    private void UpdateRecovery(long acknowledged, long priorInFlight)
    {
        if (_recovery != Recovery.None && _sendUna >= _recoverUntil)
        {
            _recovery = Recovery.None;
            _duplicateAcks = 0;
        }

        if (_hasSack)
        {
            DetectLoss();
        }
        else
        {
            DetectLossWithoutSack(acknowledged);
        }

        if (_recovery == Recovery.None && _sent.LostBytes > 0)
        {
            _recovery = Recovery.Fast;
            _mustResend = true; // the first one at once, whatever the window is (RFC 5681, section 3.2; RFC 6675, section 5, (4.3))
            _recoverUntil = _sendNext;
            _stack.Counters.TcpFastRetransmits++;
            Slow(InFlight);
        }
        else if (acknowledged > 0 && _recovery != Recovery.Fast && _sendUna >= _reducedUntil && (_isLimited || priorInFlight >= _congestion.Window))
        {
            _isLimited = false;
            _congestion.OnAck(acknowledged, Now, Math.Max(_roundTrip.Smoothed, 1));
        }
    }

    /// <summary>Three duplicates say that the first segment is missing (RFC 5681, section 3.2), and while they are repaired each partial
    /// acknowledgment says so of the next one (RFC 6582).</summary>
    private void DetectLossWithoutSack(long acknowledged)
    {
        if (_sent.Count == 0)
        {
            _duplicateAcks = 0;
            return;
        }

        if (_recovery == Recovery.None)
        {
            if (acknowledged > 0)
            {
                _duplicateAcks = 0;
            }
            else if (_duplicateAcks >= 3)
            {
                _sent.MarkLost(0);
            }
        }
        else if (_recovery == Recovery.Fast && acknowledged > 0)
        {
            _duplicateAcks = (int)Math.Max(0, _duplicateAcks - acknowledged / _sendSegment);
            _sent.MarkLost(0);
        }
    }

    /// <summary>RACK: what was sent long enough before something that has arrived is lost (RFC 8985, section 6.2, step 5).</summary>
    private void DetectLoss()
    {
        if (_rackSentAt == 0 || (_sent.SackedBytes == 0 && _recovery == Recovery.None))
        {
            return;
        }

        // Without signs of reordering, three segments that overtook are enough (step 4).
        var window = !_hasReordering && (_recovery != Recovery.None || _sent.SackedBytes >= 3L * _sendSegment)
            ? 0
            : Math.Min(_roundTrip.Minimum / 4, Math.Max(_roundTrip.Smoothed, 1));
        var wait = 0L;
        for (var i = 0; i < _sent.Count; i++)
        {
            ref var segment = ref _sent[i];
            if (segment.IsSacked || segment.IsLost || segment.SentAt > _rackSentAt || (segment.SentAt == _rackSentAt && segment.End >= _rackEnd))
            {
                continue;
            }

            var remaining = segment.SentAt + _rackRoundTrip + window - Now;
            if (remaining <= 0)
            {
                _sent.MarkLost(i);
            }
            else
            {
                wait = Math.Max(wait, remaining);
            }
        }

        if (wait > 0)
        {
            SetLossTimer(LossTimer.Reorder, Now + wait);
        }
        else if (_lossTimer == LossTimer.Reorder)
        {
            RestartLossTimer();
        }
    }
}
