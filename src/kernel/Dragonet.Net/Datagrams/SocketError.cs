using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>An ICMP error about something that a socket has sent, as it waits in the socket's error queue (ip(7), "IP_RECVERR").</summary>
/// <param name="Number">What it means.</param>
/// <param name="Type">The type of the ICMP message.</param>
/// <param name="Code">Its code.</param>
/// <param name="Information">The MTU, for messages that say one.</param>
/// <param name="Destination">To whom the datagram was sent.</param>
/// <param name="About">The message itself: who sent it, and through which interface it came.</param>
/// <param name="Data">What is quoted of the datagram, behind the protocol's header.</param>
public sealed record SocketError(Errno Number, byte Type, byte Code, uint Information, Endpoint Destination, Datagram About, byte[] Data)
{
    /// <summary>Who put it there.</summary>
    public ErrorOrigin Origin { get; init; } = ErrorOrigin.Icmp;

    /// <summary>ee_data: the number of what was sent.</summary>
    public uint Value { get; init; }

    /// <summary>When it was, for timestamps.</summary>
    public long Time { get; init; }
}
