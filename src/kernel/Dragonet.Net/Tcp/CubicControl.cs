namespace Dragonet.Net;

/// <summary>CUBIC (RFC 9438): the window follows a cubic function of the time since the last loss.</summary>
internal sealed class CubicControl(int segment) : CongestionControl(segment)
{
    private const double C = 0.4;    // section 5
    private const double Beta = 0.7; // section 4.6
    private const double Second = 1e9;

    private double _maximum;    // W_max in segments
    private double _k;          // seconds until W_max is reached again
    private double _estimate;   // W_est: what Reno would have, in segments
    private double _origin;     // the plateau in segments
    private long _epoch = -1;   // when congestion avoidance began

    /// <inheritdoc/>
    public override void OnLoss(long inFlight, long now)
    {
        var window = (double)Window / Segment;
        // Fast convergence (section 4.7): give way to newcomers.
        _maximum = window < _maximum ? window * (1 + Beta) / 2 : window;
        Threshold = Math.Max((long)(Math.Min(Window, Math.Max(inFlight, Segment)) * Beta), 2L * Segment);
        Window = Threshold;
        _epoch = -1;
    }

    /// <inheritdoc/>
    protected override void Avoid(long bytes, long now, long roundTrip)
    {
        var window = (double)Window / Segment;
        if (_epoch < 0)
        {
            _epoch = now;
            _estimate = window;
            _origin = Math.Max(_maximum, window);
            _k = Math.Cbrt(Math.Max(_origin - window, 0) / C);
        }

        var time = (now - _epoch + roundTrip) / Second - _k;
        var target = Math.Clamp(C * time * time * time + _origin, window, 1.5 * window); // section 4.2
        var segments = (double)bytes / Segment;
        // The Reno-friendly region (section 4.3).
        _estimate += segments / window * (_estimate < _maximum ? 3 * (1 - Beta) / (1 + Beta) : 1);
        var growth = Math.Max((target - window) / window * segments, 0);
        if (_estimate > window + growth)
        {
            growth = _estimate - window;
        }

        Window += (long)(growth * Segment);
    }
}
