namespace Dragonet.Net;

/// <summary>What a link knows of a neighbour, as `ip neigh` shows it.</summary>
/// <param name="Address">Whom.</param>
/// <param name="Hardware">Its MAC address; null while nobody has answered.</param>
/// <param name="IsReachable">It was heard of lately.</param>
/// <param name="IsPermanent">Somebody has set it.</param>
public readonly record struct NeighbourEntry(IPAddress Address, EthernetAddress? Hardware, bool IsReachable, bool IsPermanent);
