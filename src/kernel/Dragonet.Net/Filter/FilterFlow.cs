namespace Dragonet.Net;

/// <summary>A conversation, as its first packet went.</summary>
internal readonly record struct FilterFlow(IPProtocol Protocol, IPAddress Source, ushort SourcePort, IPAddress Destination, ushort DestinationPort)
{
    /// <summary>The same conversation as its answers go.</summary>
    public FilterFlow Reverse => new(Protocol, Destination, DestinationPort, Source, SourcePort);
}
