namespace Dragonet.Networking;

/// <summary>A route of a jail.</summary>
/// <param name="Jail">The jail's name.</param>
/// <param name="Destination">The network.</param>
/// <param name="Gateway">The router, or empty.</param>
/// <param name="Interface">Through which interface.</param>
/// <param name="Source">The preferred source address, or empty.</param>
/// <param name="Metric">Of two routes to a network, the smaller one counts.</param>
public sealed record RouteInfo(string Jail, string Destination, string Gateway, string Interface, string Source, int Metric);
