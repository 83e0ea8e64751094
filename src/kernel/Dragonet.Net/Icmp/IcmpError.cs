namespace Dragonet.Net;

/// <summary>An error to report to a sender, as both families say it (RFC 792, RFC 4443).</summary>
/// <param name="TypeV4">Type of ICMP.</param>
/// <param name="CodeV4">Code of ICMP.</param>
/// <param name="TypeV6">Type of ICMPv6.</param>
/// <param name="CodeV6">Code of ICMPv6.</param>
/// <param name="Information">The word behind the checksum.</param>
internal readonly record struct IcmpError(byte TypeV4, byte CodeV4, byte TypeV6, byte CodeV6, uint Information = 0)
{
    public static IcmpError NetworkUnreachable => new(3, 0, 1, 0);

    public static IcmpError HostUnreachable => new(3, 1, 1, 3);

    public static IcmpError ProtocolUnreachable => new(3, 2, 4, 1, 40);

    public static IcmpError PortUnreachable => new(3, 3, 1, 4);

    public static IcmpError Prohibited => new(3, 13, 1, 1);

    public static IcmpError TimeExceeded => new(11, 0, 3, 0);

    /// <summary>The next link takes only so much (RFC 1191, section 4; RFC 4443, section 3.2).</summary>
    public static IcmpError PacketTooBig(int mtu) => new(3, 4, 2, 0, (uint)mtu);
}
