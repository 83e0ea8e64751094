namespace Dragonet.Platform;

/// <summary>An address and a port on the host's networks; IPv4 addresses are IPv4-mapped (RFC 4291, section 2.5.5.2).</summary>
/// <param name="High">The first eight bytes, as a big-endian number.</param>
/// <param name="Low">The last eight bytes.</param>
/// <param name="Port">The port, host byte order.</param>
public readonly record struct HostEndpoint(ulong High, ulong Low, ushort Port)
{
    /// <summary>True for an IPv4 address.</summary>
    public bool IsV4 => High == 0 && Low >> 32 == 0xffff;
}
