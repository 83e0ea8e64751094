namespace Dragonet.Net;

/// <summary>
/// How much may be on its way (RFC 5681). The window is in bytes. Slow start is common; what happens above the threshold and at a
/// loss is the algorithm's.
/// </summary>
internal abstract class CongestionControl
{
    /// <summary>Segments of the initial window (RFC 6928).</summary>
    public const int InitialSegments = 10;

    protected CongestionControl(int segment)
    {
        Segment = segment;
        Window = InitialSegments * (long)segment;
    }

    /// <summary>Segments that go before anything has come back.</summary>
    public int FirstSegments { get; set; } = InitialSegments;

    /// <summary>Bytes that may be on their way.</summary>
    public long Window { get; protected set; }

    /// <summary>The slow start threshold.</summary>
    public long Threshold { get; protected set; } = long.MaxValue;

    /// <summary>Size of a full segment.</summary>
    protected int Segment { get; private set; }

    public static CongestionControl Create(CongestionKind kind, int segment) => kind == CongestionKind.Reno ? new RenoControl(segment) : new CubicControl(segment);

    /// <summary>The segment size became known, before any data was sent, or smaller.</summary>
    public void SetSegment(int segment, bool isStart)
    {
        Segment = segment;
        Window = isStart ? FirstSegments * (long)segment : Math.Max(Window, segment);
    }

    /// <summary>New data was acknowledged, outside of recovery, while the window was in use.</summary>
    public void OnAck(long bytes, long now, long roundTrip)
    {
        if (Window < Threshold)
        {
            // Appropriate byte counting (RFC 3465) with the limit that RFC 9406 and 9438 ask for.
            var growth = Math.Min(bytes, 8L * Segment);
            var room = Threshold - Window;
            Window += Math.Min(growth, room);
            bytes -= Math.Min(bytes, room);
            if (Window < Threshold || bytes == 0)
            {
                return;
            }
        }

        Avoid(bytes, now, roundTrip);
    }

    /// <summary>Loss was detected: the window shrinks once for all that was on its way.</summary>
    public abstract void OnLoss(long inFlight, long now);

    /// <summary>The retransmission timer expired: one segment (RFC 5681, section 3.1, LW).</summary>
    public void OnTimeout(long inFlight, long now, bool isFirst)
    {
        if (isFirst)
        {
            OnLoss(inFlight, now);
        }

        Window = Segment;
    }

    /// <summary>Nothing was sent for a while: what the window says of the network is out of date (RFC 5681, section 4.1).</summary>
    public void OnIdle() => Window = Math.Min(Window, FirstSegments * (long)Segment);

    /// <summary>Congestion avoidance.</summary>
    protected abstract void Avoid(long bytes, long now, long roundTrip);
}
