namespace Dragonet.Net;

/// <summary>
/// Dynamic right-sizing of a receive buffer: how much the user takes in a round trip tells how large the window has to be (tcp_rcv_space_adjust
/// and tcp_rcv_rtt_measure of Linux). Who does not read does not make it grow.
/// </summary>
internal struct ReceiveTuning
{
    private const long Millisecond = 1_000_000;

    private long _roundTrip;       // as a receiver sees it; 0 when it is not known
    private uint _lastEcho;
    private long _windowFrom;      // without timestamps: when the window began that is being filled
    private long _windowEnd;       // and where it ends; 0 before the first
    private long _measuredFrom;    // when the present round trip began
    private long _copiedBefore;    // position of the user's reading then
    private long _taken;           // bytes in the round trip before; 0 before the first

    /// <summary>Data came, with an echo of our own timestamp (RFC 7323, section 4).</summary>
    /// <param name="echo">The echo; each counts once.</param>
    /// <param name="age">How long ago it was sent, in milliseconds.</param>
    /// <param name="shortest">The shortest round trip that was measured otherwise: a clock of milliseconds does not see those of a fast link.</param>
    public void Echoed(uint echo, uint age, long shortest)
    {
        if (echo == _lastEcho || age >= 1 << 20)
        {
            return;
        }

        _lastEcho = echo;
        var sample = age > 0 ? age * Millisecond : Math.Min(shortest, Millisecond);
        _roundTrip = _roundTrip == 0 ? sample : _roundTrip + (sample - _roundTrip) / 8;
    }

    /// <summary>Data came without timestamps: a window takes a round trip, or longer.</summary>
    public void Received(long position, long windowEnd, long now)
    {
        if (_windowEnd != 0)
        {
            if (position < _windowEnd)
            {
                return;
            }

            var sample = Math.Max(now - _windowFrom, Millisecond);
            _roundTrip = _roundTrip == 0 ? sample : Math.Min(_roundTrip, sample);
        }

        (_windowFrom, _windowEnd) = (now, windowEnd);
    }

    /// <summary>The user has read.</summary>
    /// <param name="position">Up to here.</param>
    /// <param name="now">The present.</param>
    /// <param name="segment">The size of a segment.</param>
    /// <returns>How large the buffer should be; 0 when there is nothing to say.</returns>
    public long Taken(long position, long now, int segment)
    {
        if (_measuredFrom == 0)
        {
            (_measuredFrom, _copiedBefore, _taken) = (now, position, CongestionControl.InitialSegments * (long)segment);
            return 0;
        }

        if (_roundTrip == 0 || now - _measuredFrom < _roundTrip)
        {
            return 0;
        }

        var copied = position - _copiedBefore;
        var wanted = 0L;
        if (copied > _taken)
        {
            // Twice as much, so that a loss does not stop the sender, and as much more as the sender got faster: in slow start it will again.
            wanted = 2 * copied + 16L * segment;
            wanted += 2 * (long)((Int128)wanted * (copied - _taken) / _taken);
            _taken = copied;
        }

        (_measuredFrom, _copiedBefore) = (now, position);
        return wanted;
    }
}
