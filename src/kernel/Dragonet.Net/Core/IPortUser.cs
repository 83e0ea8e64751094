namespace Dragonet.Net;

/// <summary>What holds a port: a bound socket, or a connection.</summary>
internal interface IPortUser
{
    /// <summary>The local address; any address when unspecified.</summary>
    IPAddress BoundAddress { get; }

    /// <summary>What "any" means for it; null for all addresses.</summary>
    AddressSet? Addresses { get; }

    /// <summary>The only interface that it hears (SO_BINDTODEVICE), or 0.</summary>
    int BoundInterface { get; }

    /// <summary>An IPv6 socket that takes no IPv4 (IPV6_V6ONLY).</summary>
    bool IsV6Only { get; }

    /// <summary>SO_REUSEADDR.</summary>
    bool ReuseAddress { get; }

    /// <summary>SO_REUSEPORT.</summary>
    bool ReusePort { get; }

    /// <summary>Who made it: only sockets of one user share a port with SO_REUSEPORT (socket(7)).</summary>
    uint Owner { get; }

    /// <summary>It takes connections, so not even SO_REUSEADDR lets others in.</summary>
    bool IsListening { get; }
}
