namespace Dragonet.Net;

/// <summary>What went through an interface (/proc/net/dev).</summary>
public sealed class InterfaceCounters
{
    public long ReceivedPackets { get; internal set; }

    public long ReceivedBytes { get; internal set; }

    public long ReceiveErrors { get; internal set; }

    public long SentPackets { get; internal set; }

    public long SentBytes { get; internal set; }

    public long SendDrops { get; internal set; }

    /// <summary>Whoever takes what it sends had no room.</summary>
    public void CountSendDrop() => SendDrops++;
}
