using Dragonet.Net;

namespace Dragonet.UserNet;

/// <summary>What belongs together of datagrams: protocol and both ends. The port of an echo request is its identifier.</summary>
/// <param name="Protocol">UDP (17), ICMP (1) or ICMPv6 (58).</param>
/// <param name="From">The guest's end.</param>
/// <param name="To">The other one.</param>
internal readonly record struct FlowKey(int Protocol, Endpoint From, Endpoint To);
