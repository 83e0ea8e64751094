namespace Dragonet.Net;

/// <summary>What an IP header of either version says to the protocols above it.</summary>
/// <param name="Source">Who sent it.</param>
/// <param name="Destination">Who shall get it.</param>
/// <param name="Protocol">What the payload is.</param>
/// <param name="HopLimit">The time to live.</param>
/// <param name="TrafficClass">The type of service: DSCP and ECN.</param>
public readonly record struct IPHeader(IPAddress Source, IPAddress Destination, IPProtocol Protocol, byte HopLimit = 64, byte TrafficClass = 0)
{
    /// <summary>The flow label of IPv6 (RFC 6437), of 20 bits.</summary>
    public uint FlowLabel { get; init; }
}
