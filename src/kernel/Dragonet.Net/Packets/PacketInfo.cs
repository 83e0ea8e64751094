namespace Dragonet.Net;

/// <summary>What a packet socket tells about a frame (packet(7), struct sockaddr_ll).</summary>
/// <param name="InterfaceIndex">Where it passed.</param>
/// <param name="LinkType">ARPHRD_*.</param>
/// <param name="Kind">To whom it was sent.</param>
/// <param name="Protocol">The EtherType.</param>
/// <param name="Source">Who sent it.</param>
/// <param name="Length">Its whole length, as the socket shows it.</param>
/// <param name="NetworkOffset">Where the network header begins in that.</param>
/// <param name="Time">When it passed.</param>
/// <param name="HasNoChecksum">Its checksums are left for others to compute.</param>
public readonly record struct PacketInfo(
    int InterfaceIndex, ushort LinkType, PacketKind Kind, ushort Protocol, EthernetAddress Source, int Length, int NetworkOffset, long Time, bool HasNoChecksum);
