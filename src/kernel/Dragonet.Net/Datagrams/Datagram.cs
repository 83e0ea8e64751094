namespace Dragonet.Net;

/// <summary>What a socket tells about a datagram that it received.</summary>
/// <param name="Source">Who sent it.</param>
/// <param name="Destination">To which address of this stack, or which group.</param>
/// <param name="Length">Its whole length.</param>
/// <param name="InterfaceIndex">Through which interface it came.</param>
/// <param name="HopLimit">Its time to live.</param>
/// <param name="TrafficClass">Its type of service.</param>
/// <param name="ReceivedAt">When it came.</param>
public readonly record struct Datagram(Endpoint Source, IPAddress Destination, int Length, int InterfaceIndex, byte HopLimit, byte TrafficClass, long ReceivedAt)
{
    /// <summary>UDP_GRO: the length of each of the datagrams that were received as one; 0 for a single one.</summary>
    public int Segment { get; init; }

    /// <summary>Its IP header with all options or extension headers, when the socket wants it; or null.</summary>
    public byte[]? Header { get; init; }
}
