using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>The timers of a connection (RFC 9293, section 3.8; RFC 6298; RFC 8985, section 7).</summary>
internal sealed partial class TcpConnection
{
    private const long Second = 1_000_000_000;
    private const long DelayedAck = 40_000_000;       // RFC 9293 allows half a second
    private const long CorkLimit = 200_000_000;       // tcp(7), TCP_CORK
    private const long TailProbeDelay = 200_000_000;  // what a receiver may delay its acknowledgment
    private const long TimeWaitTime = 60 * Second;
    private const int RetransmitLimit = 15;           // net.ipv4.tcp_retries2
    private const int SynAckLimit = 5;                // net.ipv4.tcp_synack_retries
    private const int SuspectAfter = 3;               // timeouts of a conversation, until its neighbour is asked for anew
    private const int OrphanLimit = 8;                // net.ipv4.tcp_orphan_retries

    private LossTimer _lossTimer;
    private long _lossAt = long.MaxValue;
    private long _delayedAckAt = long.MaxValue;
    private long _endAt = long.MaxValue;              // TIME-WAIT, or an orphan in FIN-WAIT-2
    private long _keepAliveFrom;
    private int _keepAliveProbes;
    private int _expirations;
    private bool _isProbing;                          // a tail probe is on its way
    private int _peerSegment = DefaultSegment;
    private int _pathSegment;                         // what the path has told, or 0

    /// <inheritdoc/>
    public override long Deadline => State == TcpState.Closed
        ? long.MaxValue
        : Math.Min(Math.Min(Math.Min(_lossAt, _delayedAckAt), Math.Min(_endAt, KeepAliveAt)), CorkAt);

    private long KeepAliveAt
    {
        get
        {
            if (!Settings.KeepAlive || State is not (TcpState.Established or TcpState.CloseWait or TcpState.FinWait1 or TcpState.FinWait2) || InFlight > 0)
            {
                return long.MaxValue;
            }

            var from = Math.Max(_lastReceived, _keepAliveFrom);
            return from + Settings.KeepIdle * Second + _keepAliveProbes * (Settings.KeepInterval * Second);
        }
    }

    private long CorkAt => _corkedUntil != 0 && _outgoing.Tail > _sendNext && InFlight == 0 ? _corkedUntil : long.MaxValue;

    /// <inheritdoc/>
    public override void Fire()
    {
        if (_endAt <= Now)
        {
            Remove(Errno.OK);
            return;
        }

        if (_delayedAckAt <= Now)
        {
            _delayedAckAt = long.MaxValue; // once, also when there is no way any more: it would be due for ever
            _ackNow = true;
        }

        if (CorkAt <= Now)
        {
            _corkedUntil = 0;
            _hasMore = false;
        }

        if (KeepAliveAt <= Now)
        {
            KeepAlive();
        }

        if (State != TcpState.Closed && _lossAt <= Now)
        {
            LossTimerExpired();
        }

        if (State != TcpState.Closed)
        {
            Output();
        }
    }

    /// <summary>Keep-alive settings have changed.</summary>
    public void SettingsChanged()
    {
        _keepAliveFrom = Math.Max(_keepAliveFrom, _lastReceived);
        _stack.Timers.Update(this);
    }

    private void KeepAlive()
    {
        var isOver = Settings.UserTimeout > 0
            ? _keepAliveProbes > 0 && Now - Math.Max(_lastReceived, _keepAliveFrom) >= Settings.UserTimeout * 1_000_000L
            : _keepAliveProbes >= Settings.KeepCount;
        if (isOver)
        {
            Abort(_softError == Errno.OK ? Errno.ETIMEDOUT : _softError);
            return;
        }

        _keepAliveProbes++;
        Probe();
    }

    /// <summary>An old sequence number makes the peer say where it is (RFC 9293, section 3.8.4).</summary>
    private void Probe() => Emit(_sendUna - 1, 0, TcpFlags.Ack);

    private void LossTimerExpired()
    {
        var kind = _lossTimer;
        _lossTimer = LossTimer.None;
        _lossAt = long.MaxValue;
        switch (kind)
        {
            case LossTimer.Retransmit:
                RetransmitTimeout();
                break;
            case LossTimer.TailProbe:
                SendTailProbe();
                break;
            case LossTimer.Reorder:
                UpdateRecovery(0, InFlight);
                break;
            case LossTimer.Persist:
                Persist();
                break;
        }
    }

    /// <summary>RFC 6298, section 5.4 to 5.7.</summary>
    private void RetransmitTimeout()
    {
        _stack.Counters.TcpTimeouts++;
        if (IsGivenUp())
        {
            if (State is TcpState.SynSent or TcpState.SynReceived)
            {
                _stack.Counters.TcpAttemptFailures++;
                Remove(_softError == Errno.OK ? Errno.ETIMEDOUT : _softError);
            }
            else
            {
                Abort(_softError == Errno.OK ? Errno.ETIMEDOUT : _softError);
            }

            return;
        }

        _expirations++;
        if (_expirations == (State == TcpState.SynSent ? 1 : SuspectAfter) && FindPath() is { } path)
        {
            path.Interface.Suspect(path.NextHop);
        }

        if (State is TcpState.SynSent or TcpState.SynReceived)
        {
            _sent.MarkResent(0, Now);
            _stack.Counters.TcpRetransmitted++;
            SendSyn();
            return;
        }

        _congestion.OnTimeout(InFlight, Now, _recovery != Recovery.Timeout);
        TellReduction();
        _recovery = Recovery.Timeout;
        _recoverUntil = _sendNext;
        _duplicateAcks = 0;
        _isProbing = false;
        // A receiver may forget what it has not acknowledged (RFC 2018, section 8): the first segment is never taken for there.
        var isReneging = _sent.Count > 0 && _sent[0].IsSacked;
        for (var i = 0; i < _sent.Count; i++)
        {
            if (!_sent[i].IsSacked || isReneging)
            {
                _sent.MarkLost(i);
            }
        }

        if (_sent.Count > 0)
        {
            Resend(0);
        }
    }

    private bool IsGivenUp()
    {
        var limit = State switch
        {
            TcpState.SynSent => Settings.SynRetries,
            TcpState.SynReceived => SynAckLimit,
            _ => _wasClosed ? OrphanLimit : RetransmitLimit,
        };
        var since = Math.Max(_lastReceived, _sent.Count > 0 && _sent[0].IsRetransmitted ? _lastReceived : 0);
        // Who takes its window back, and answers, is not given up (RFC 9293, section 3.8.6, SHLD-17).
        var isAnswered = !_wasClosed && IsWindowShrunk && Now - _lastReceived < 2 * RoundTripEstimator.MaximumTimeout;
        return (_expirations >= limit && !isAnswered) || (Settings.UserTimeout > 0 && _expirations > 0 && Now - since >= Settings.UserTimeout * 1_000_000L);
    }

    private void SendTailProbe()
    {
        _isProbing = true;
        if (_sent.LostBytes > 0 || !SendOne(force: true))
        {
            Resend(_sent.Count - 1);
        }
    }

    /// <summary>The peer's window is closed or hardly open; asking again and again finds out when an update was lost (RFC 9293, section
    /// 3.8.6.1). What fits a small window goes now (section 3.8.6.2.1, the override timeout).</summary>
    private void Persist()
    {
        if (_wasClosed && _expirations >= OrphanLimit)
        {
            Abort(Errno.ETIMEDOUT);
            return;
        }

        _expirations++;
        if (!SendOne(force: true))
        {
            Probe();
        }
    }

    /// <summary>Sees to it that the timer runs while it must.</summary>
    private void ArmLossTimer()
    {
        if (_sent.Count > 0)
        {
            if (_lossTimer is LossTimer.None or LossTimer.Persist)
            {
                RestartLossTimer();
            }

            return;
        }

        var waits = State is TcpState.Established or TcpState.CloseWait or TcpState.FinWait1 or TcpState.LastAck or TcpState.Closing
            && (_outgoing.Tail > _sendNext || (_isFinQueued && _outgoing.Tail == _sendNext)) && CorkAt == long.MaxValue;
        if (!waits)
        {
            SetLossTimer(LossTimer.None, long.MaxValue);
        }
        else if (_lossTimer != LossTimer.Persist)
        {
            SetLossTimer(LossTimer.Persist, Now + _roundTrip.Backed(_expirations));
        }
    }

    private void RestartLossTimer()
    {
        if (_sent.Count == 0)
        {
            SetLossTimer(LossTimer.None, long.MaxValue);
            return;
        }

        var timeout = _roundTrip.Backed(_expirations);
        if (_hasSack && !_isProbing && _recovery == Recovery.None && _expirations == 0 && _roundTrip.Smoothed > 0 && WasEstablished && _sent.SackedBytes == 0)
        {
            var probe = 2 * _roundTrip.Smoothed + (_sent.Count == 1 ? TailProbeDelay : 2_000_000);
            if (probe < timeout)
            {
                SetLossTimer(LossTimer.TailProbe, Now + probe);
                return;
            }
        }

        SetLossTimer(LossTimer.Retransmit, Now + timeout);
    }

    private void SetLossTimer(LossTimer kind, long at)
    {
        _lossTimer = kind;
        _lossAt = at;
    }

    private void StartTimeWait()
    {
        State = TcpState.TimeWait;
        SetLossTimer(LossTimer.None, long.MaxValue);
        _endAt = Now + TimeWaitTime;
        _outgoing.Clear();
        if (_wasClosed)
        {
            _incoming.Clear();
        }

        Wake(PollEvents.POLLIN | PollEvents.POLLHUP | PollEvents.POLLRDHUP);
    }

    private void StartFinWait2()
    {
        _endAt = Now + Settings.FinWait2Seconds * Second;
        _stack.Timers.Update(this);
    }

    /// <summary>Segments of this size do not pass (RFC 1191, RFC 8201): smaller ones from now on, and what is on its way again.</summary>
    private void OnPathMtu(int mtu)
    {
        if (FindPath() is { LocksMtu: true })
        {
            return;
        }

        var headers = TcpSegment.MinimalHeader + (Remote.Address.IsV4 ? IPv4Packet.MinimalHeader : IPv6Packet.HeaderSize);
        var least = Remote.Address.IsV4 ? 552 : 1280; // net.ipv4.route.min_pmtu: an attacker shall not make them tiny
        var segment = Math.Max(mtu == 0 ? 576 : mtu, least) - headers;
        if (segment >= _sendSegment + (_hasTimestamps ? 12 : 0))
        {
            return;
        }

        _pathSegment = segment;
        SetSegment(isStart: false);
        for (var i = 0; i < _sent.Count; i++)
        {
            if (!_sent[i].IsSacked && _sent[i].Length > _sendSegment)
            {
                _sent.MarkLost(i);
            }
        }
    }
}
