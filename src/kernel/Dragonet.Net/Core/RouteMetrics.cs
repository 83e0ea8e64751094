namespace Dragonet.Net;

/// <summary>What packets along a route look like (ip-route(8)). 0 is what is right without a word about it.</summary>
/// <param name="Mtu">How long they may be.</param>
/// <param name="AdvertisedSegment">What a TCP connection tells its peer: how long the peer's segments may be.</param>
/// <param name="InitialWindow">How many segments a TCP connection sends before it has heard anything.</param>
/// <param name="HopLimit">How far they go.</param>
/// <param name="LocksMtu">The MTU stays, whatever the path tells: nothing is found out.</param>
public sealed record RouteMetrics(int Mtu = 0, int AdvertisedSegment = 0, int InitialWindow = 0, byte HopLimit = 0, bool LocksMtu = false);
