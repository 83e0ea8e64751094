using System.Buffers.Binary;

namespace Dragonet.Platform.Linux.HostSockets;

/// <summary>struct sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)).</summary>
internal static class SocketAddress
{
    internal const int Size = 28;
    private const ushort FamilyV4 = 2, FamilyV6 = 10;

    /// <summary>Writes an address for a socket of a family.</summary>
    /// <returns>Its length.</returns>
    internal static int Write(HostEndpoint endpoint, bool isV6, Span<byte> destination)
    {
        destination[..Size].Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(destination, isV6 ? FamilyV6 : FamilyV4);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], endpoint.Port);
        if (!isV6)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination[4..], (uint)endpoint.Low);
            return 16;
        }

        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], endpoint.High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], endpoint.Low);
        return Size;
    }

    internal static HostEndpoint Read(ReadOnlySpan<byte> address)
    {
        var port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        return BinaryPrimitives.ReadUInt16LittleEndian(address) == FamilyV4
            ? new HostEndpoint(0, 0xffff_0000_0000UL | BinaryPrimitives.ReadUInt32BigEndian(address[4..]), port)
            : new HostEndpoint(BinaryPrimitives.ReadUInt64BigEndian(address[8..]), BinaryPrimitives.ReadUInt64BigEndian(address[16..]), port);
    }
}
