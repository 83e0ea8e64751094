namespace Dragonet.Net;

/// <summary>What others may know of a connection.</summary>
internal sealed partial class TcpConnection
{
    /// <summary>Expirations of the retransmission timer in a row.</summary>
    public int Expirations => _expirations;

    /// <summary>Made through a listener of AF_INET6.</summary>
    public bool IsV6Socket { get; init; }

    /// <summary>True when a new connection may take the place of this one in TIME-WAIT (RFC 6191; RFC 9293, section 3.10.7.4): its
    /// sequence number or timestamp is beyond everything that was seen.</summary>
    public bool MayGiveWay(in TcpSegment segment)
    {
        if (!segment.Has(TcpFlags.Syn) || segment.Has(TcpFlags.Ack | TcpFlags.Rst))
        {
            return false;
        }

        var options = TcpOptions.Parse(segment.Options);
        return _hasTimestamps && options.HasTimestamp
            ? (int)(options.TimestampValue - _recentTimestamp) > 0
            : (int)(segment.Sequence - ReceiveSequence(_receiveNext)) > 0;
    }

    /// <summary>In TIME-WAIT for a second and more: timestamps have moved on, so nothing old can be mistaken (RFC 6191).</summary>
    public bool IsLongOver => _hasTimestamps && _endAt - Now <= TimeWaitTime - Second;

    /// <summary>The timer that others may know of, by the numbers of /proc/net/tcp, and how long it runs yet.</summary>
    public (byte Timer, long Left) DescribeTimer() => State switch
    {
        TcpState.TimeWait => (3, _endAt - Now),
        TcpState.Closed => (0, 0),
        _ when _lossAt != long.MaxValue => (_lossTimer == LossTimer.Persist ? (byte)4 : (byte)1, _lossAt - Now),
        _ when KeepAliveAt != long.MaxValue => (2, KeepAliveAt - Now),
        _ => (0, 0),
    };

    public TcpInfo GetInfo() => new()
    {
        State = State,
        HasTimestamps = _hasTimestamps,
        HasSynData = HasUsedSynData,
        HasSack = _hasSack,
        SendShift = _sendShift,
        ReceiveShift = _receiveShift,
        HasScaling = _hasScaling,
        Retransmits = _expirations,
        Probes = _keepAliveProbes,
        InRecovery = _recovery != Recovery.None,
        Timeout = _roundTrip.Backed(_expirations),
        SendSegment = _sendSegment,
        ReceiveSegment = _segmentSeen,
        Unacknowledged = _sent.Count,
        Lost = (int)(_sent.LostBytes / _sendSegment),
        Sacked = (int)(_sent.SackedBytes / _sendSegment),
        RoundTrip = _roundTrip.Smoothed,
        RoundTripVariation = _roundTrip.Variation,
        MinimumRoundTrip = _roundTrip.Minimum,
        CongestionWindow = _congestion.Window / _sendSegment,
        Threshold = _congestion.Threshold == long.MaxValue ? int.MaxValue : _congestion.Threshold / _sendSegment,
        ReceiveSpace = Settings.ReceiveBuffer,
        SinceSent = Now - _lastSent,
        SinceReceived = Now - _lastReceived,
        PathMtu = FindPath()?.Mtu ?? 0,
        BytesAcknowledged = Math.Max(_sendUna - 1, 0),
        BytesReceived = Math.Max(_receiveNext - 1, 0),
        NotSent = (int)Math.Max(_outgoing.Tail - _sendNext, 0),
        SendWindow = _sendWindow,
    };
}
