using Dragonet.Net;

namespace Dragonet.UserNet;

/// <summary>How a gateway is set up.</summary>
public sealed class UserNetOptions
{
    /// <summary>What guests may reach.</summary>
    public required EgressPolicy Policy { get; init; }

    /// <summary>Servers that answer questions about names.</summary>
    public IReadOnlyList<Endpoint> NameServers { get; init; } = [];

    /// <summary>Sockets of the host that guests serve.</summary>
    public IReadOnlyList<OpenPort> Ports { get; init; } = [];

    /// <summary>Random numbers.</summary>
    public required Func<ulong> Random { get; init; }

    /// <summary>Told once for each place that a guest was not let to.</summary>
    public Action<string>? Refused { get; init; }

    /// <summary>Makes the guest's MAC address its own.</summary>
    public uint Number { get; init; }
}
