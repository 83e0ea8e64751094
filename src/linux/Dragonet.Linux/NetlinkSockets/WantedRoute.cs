using Dragonet.Abi;
using Dragonet.Net;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>What a message says of a route.</summary>
/// <param name="Destination">Its network.</param>
/// <param name="Route">The route to add; null to look for one.</param>
/// <param name="Type">RTN_*, or 0 for any.</param>
/// <param name="Protocol">RTPROT_*, or 0 for any.</param>
/// <param name="Gateway">The router, or null.</param>
/// <param name="Source">The source, or null.</param>
/// <param name="Metric">The metric, or 0.</param>
/// <param name="Index">The interface, or 0.</param>
internal readonly record struct WantedRoute(
    Prefix Destination, Route? Route, byte Type, byte Protocol, IPAddress? Gateway, IPAddress? Source, int Metric, int Index)
{
    /// <summary>In which table.</summary>
    public uint Table { get; init; }

    /// <summary>What packets along it are to look like, or null.</summary>
    public RouteMetrics? Metrics { get; init; }

    /// <summary>True for a route that is all that was said (fib_table_delete of Linux).</summary>
    public bool Fits(Route route) =>
        route.Destination == Destination && route.Table == Table
        && (Type == 0 || Type == RouteTableMessages.TypeOf(route.Kind))
        && (Protocol == 0 || Protocol == route.Protocol)
        && (Gateway is null || Gateway == route.Gateway)
        && (Source is null || Source == route.Source)
        && (Metric == 0 || Metric == route.Metric)
        && (Index == 0 || Index == route.Interface.Index)
        && !(route.Interface.IsLoopback && route.Kind == RouteKind.Unicast);
}
