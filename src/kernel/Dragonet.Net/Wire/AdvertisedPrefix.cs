namespace Dragonet.Net;

/// <summary>A prefix that a router tells of (RFC 4861, section 4.6.2).</summary>
/// <param name="Network">The network.</param>
/// <param name="IsOnLink">Its addresses are neighbours.</param>
/// <param name="IsAutonomous">Hosts may make addresses of it.</param>
/// <param name="ValidSeconds">For how long; all ones for ever.</param>
/// <param name="PreferredSeconds">For how long new conversations use it.</param>
public readonly record struct AdvertisedPrefix(Prefix Network, bool IsOnLink, bool IsAutonomous, uint ValidSeconds, uint PreferredSeconds);
