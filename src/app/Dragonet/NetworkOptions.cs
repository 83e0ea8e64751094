namespace Dragonet;

/// <summary>
/// A network without rights on the host: eth0 with 10.0.2.15/24 and fd64:7261:676f::15/64; connections, datagrams and echo requests go on by
/// sockets of this process.
/// </summary>
public sealed class NetworkOptions
{
    /// <summary>
    /// What guests may reach, and nothing else: "any" (everything outside of this machine), "host" (this machine's own loopback, which guests
    /// find at 10.0.2.2), addresses and networks ("192.0.2.1", "10.0.0.0/8", "[2001:db8::1]"), names ("example.org", "*.example.org"); each
    /// may end with one ":PORT". Null for "any".
    /// </summary>
    public IReadOnlyList<string>? Allow { get; init; }

    /// <summary>Ports of this machine that lead to programs in the guest: "[ADDR:]HOST:GUEST[/udp]", from this machine alone without ADDR.</summary>
    public IReadOnlyList<string> Publish { get; init; } = [];

    /// <summary>Servers that answer questions about names, "ADDR[:PORT]"; those of this machine when empty (resolv.conf(5)).</summary>
    public IReadOnlyList<string> NameServers { get; init; } = [];
}
