namespace Dragonet.Net;

/// <summary>What rules of policy routing look at besides the destination.</summary>
/// <param name="Source">Who sends, or null when that is not decided.</param>
/// <param name="Mark">SO_MARK of the socket.</param>
/// <param name="Input">Where the packet came in; null for this machine's own.</param>
public readonly record struct RouteQuery(IPAddress? Source = null, uint Mark = 0, Interface? Input = null);
