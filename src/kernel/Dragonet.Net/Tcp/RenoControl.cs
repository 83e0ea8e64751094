namespace Dragonet.Net;

/// <summary>NewReno: one segment a round trip, half at a loss (RFC 5681, section 3.1; RFC 6582).</summary>
internal sealed class RenoControl(int segment) : CongestionControl(segment)
{
    private long _acknowledged;

    /// <inheritdoc/>
    public override void OnLoss(long inFlight, long now)
    {
        Threshold = Math.Max(inFlight / 2, 2L * Segment);
        Window = Threshold;
        _acknowledged = 0;
    }

    /// <inheritdoc/>
    protected override void Avoid(long bytes, long now, long roundTrip)
    {
        _acknowledged += bytes;
        if (_acknowledged >= Window)
        {
            _acknowledged -= Window;
            Window += Segment;
        }
    }
}
