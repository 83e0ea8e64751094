namespace Dragonet.Net;

/// <summary>Where packets for a network go.</summary>
/// <param name="Destination">The network.</param>
/// <param name="Interface">Through which interface; lo for routes that lead nowhere.</param>
/// <param name="Gateway">To which router; null when the destination itself is on the link.</param>
/// <param name="Source">The preferred source address, or null.</param>
/// <param name="Metric">Of two routes to the same network, the smaller one counts.</param>
public sealed record Route(Prefix Destination, Interface Interface, IPAddress? Gateway = null, IPAddress? Source = null, int Metric = 0)
{
    /// <summary>The table of the main routes.</summary>
    public const uint MainTable = 254;

    /// <summary>In which table it is (ip-route(8)).</summary>
    public uint Table { get; init; } = MainTable;

    /// <summary>What is done with packets to the network.</summary>
    public RouteKind Kind { get; init; }

    /// <summary>What packets along it look like; null when it says nothing.</summary>
    public RouteMetrics? Metrics { get; init; }

    /// <summary>Who made it (RTPROT_*): 2 the stack itself, with an address; 3 and more others.</summary>
    public byte Protocol { get; init; } = (byte)(Gateway is null ? 2 : 3);
}
