namespace Dragonet.Net;

/// <summary>The retransmission timeout from measured round trips (RFC 6298), in nanoseconds.</summary>
internal sealed class RoundTripEstimator
{
    private const long Millisecond = 1_000_000;

    /// <summary>The least timeout: Linux's 200 ms rather than the second of RFC 6298, section 2.4.</summary>
    private const long Least = 200 * Millisecond;

    /// <summary>The longest it becomes.</summary>
    internal const long MaximumTimeout = 120_000 * Millisecond;

    private long _variation;

    /// <summary>The smoothed round trip; 0 before the first measurement.</summary>
    public long Smoothed { get; private set; }

    /// <summary>RTTVAR.</summary>
    public long Variation => _variation;

    /// <summary>The smallest round trip seen.</summary>
    public long Minimum { get; private set; } = long.MaxValue;

    /// <summary>The newest.</summary>
    public long Latest { get; private set; }

    /// <summary>RTO without any backing off.</summary>
    public long Timeout { get; private set; } = 1000 * Millisecond;

    /// <summary>A round trip was measured on a segment that was sent once (Karn's algorithm, section 3).</summary>
    public void Add(long roundTrip)
    {
        roundTrip = Math.Max(roundTrip, 1);
        Latest = roundTrip;
        Minimum = Math.Min(Minimum, roundTrip);
        if (Smoothed == 0)
        {
            Smoothed = roundTrip;
            _variation = roundTrip / 2;
        }
        else
        {
            _variation += (Math.Abs(Smoothed - roundTrip) - _variation) / 4;
            Smoothed += (roundTrip - Smoothed) / 8;
        }

        Timeout = Math.Clamp(Smoothed + Math.Max(4 * _variation, Least), Least, MaximumTimeout);
    }

    /// <summary>The timeout after so many expirations (section 5.5).</summary>
    public long Backed(int expirations) => Math.Min(Timeout << Math.Min(expirations, 20), MaximumTimeout) is var time && time > 0 ? time : MaximumTimeout;
}
