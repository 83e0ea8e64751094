namespace Dragonet.Networking;

/// <summary>An interface of a jail.</summary>
/// <param name="Jail">The jail's name.</param>
/// <param name="Index">Its number.</param>
/// <param name="Name">Its name.</param>
/// <param name="Kind">"loopback", "epair", "bridge", "user" or "other".</param>
/// <param name="IsUp">Whether it works.</param>
/// <param name="Mtu">Longest packet.</param>
/// <param name="HardwareAddress">Its MAC address, or empty.</param>
/// <param name="Addresses">With the lengths of their networks.</param>
/// <param name="Peer">The other end of a pair, JAIL:NAME, or empty.</param>
/// <param name="Bridge">The bridge that it is a port of, with the port's state, or empty.</param>
/// <param name="Impairment">What its link does to frames, or empty.</param>
/// <param name="ReceivedPackets">Packets in.</param>
/// <param name="ReceivedBytes">Bytes in.</param>
/// <param name="ReceiveErrors">Frames that were wrong.</param>
/// <param name="SentPackets">Packets out.</param>
/// <param name="SentBytes">Bytes out.</param>
/// <param name="SendDrops">Frames that were not sent.</param>
public sealed record InterfaceInfo(
    string Jail, int Index, string Name, string Kind, bool IsUp, int Mtu, string HardwareAddress, IReadOnlyList<string> Addresses, string Peer, string Bridge, string Impairment,
    long ReceivedPackets, long ReceivedBytes, long ReceiveErrors, long SentPackets, long SentBytes, long SendDrops);
