namespace Dragonet.Net;

/// <summary>What becomes of a packet.</summary>
public enum FilterVerdict
{
    /// <summary>It passes.</summary>
    Accept,

    /// <summary>It is gone.</summary>
    Drop,

    /// <summary>It is gone, and its sender is told (ICMP: port unreachable).</summary>
    Reject,
}
