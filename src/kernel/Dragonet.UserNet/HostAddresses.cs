using Dragonet.Net;
using Dragonet.Platform;

namespace Dragonet.UserNet;

/// <summary>Addresses as the platform has them.</summary>
internal static class HostAddresses
{
    internal static HostEndpoint ToHost(this Endpoint endpoint) => new(endpoint.Address.High, endpoint.Address.Low, endpoint.Port);

    internal static Endpoint ToEndpoint(this HostEndpoint endpoint) => new(new IPAddress(endpoint.High, endpoint.Low), endpoint.Port);
}
