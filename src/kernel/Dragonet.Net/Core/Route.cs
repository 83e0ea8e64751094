namespace Dragonet.Net;

/// <summary>Where packets for a network go.</summary>
/// <param name="Destination">The network.</param>
/// <param name="Interface">Through which interface.</param>
/// <param name="Gateway">To which router; null when the destination itself is on the link.</param>
/// <param name="Source">The preferred source address, or null.</param>
/// <param name="Metric">Of two routes to the same network, the smaller one counts.</param>
public sealed record Route(Prefix Destination, Interface Interface, IPAddress? Gateway = null, IPAddress? Source = null, int Metric = 0);
