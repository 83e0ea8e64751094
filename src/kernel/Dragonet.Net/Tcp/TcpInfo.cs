namespace Dragonet.Net;

/// <summary>What TCP_INFO tells, times in nanoseconds.</summary>
public readonly record struct TcpInfo
{
    public TcpState State { get; init; }

    /// <summary>Data went with a SYN and was taken.</summary>
    public bool HasSynData { get; init; }

    public bool HasTimestamps { get; init; }

    public bool HasSack { get; init; }

    public int SendShift { get; init; }

    public int ReceiveShift { get; init; }

    public bool HasScaling { get; init; }

    public int Retransmits { get; init; }

    public int Probes { get; init; }

    public bool InRecovery { get; init; }

    public long Timeout { get; init; }

    public int SendSegment { get; init; }

    public int ReceiveSegment { get; init; }

    public int Unacknowledged { get; init; }

    public int Lost { get; init; }

    public int Sacked { get; init; }

    public long RoundTrip { get; init; }

    public long RoundTripVariation { get; init; }

    public long MinimumRoundTrip { get; init; }

    public long CongestionWindow { get; init; }

    public long Threshold { get; init; }

    public int ReceiveSpace { get; init; }

    public long SinceSent { get; init; }

    public long SinceReceived { get; init; }

    public int PathMtu { get; init; }

    public long BytesAcknowledged { get; init; }

    public long BytesReceived { get; init; }

    public int NotSent { get; init; }

    public long SendWindow { get; init; }
}
