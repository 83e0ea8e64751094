namespace Dragonet.Net;

/// <summary>A segment that was sent and is not acknowledged.</summary>
internal struct SentSegment
{
    /// <summary>Position of its first sequence number.</summary>
    public long Start;

    /// <summary>Behind its last one.</summary>
    public long End;

    /// <summary>When it was sent last.</summary>
    public long SentAt;

    /// <summary>The receiver has it (RFC 2018).</summary>
    public bool IsSacked;

    /// <summary>Taken for lost, and not sent again yet.</summary>
    public bool IsLost;

    /// <summary>Sent more than once.</summary>
    public bool IsRetransmitted;

    public readonly long Length => End - Start;
}
