namespace Dragonet.Net;

/// <summary>Congestion control algorithms (TCP_CONGESTION).</summary>
public enum CongestionKind : byte
{
    /// <summary>RFC 9438.</summary>
    Cubic,

    /// <summary>NewReno (RFC 5681).</summary>
    Reno,
}
