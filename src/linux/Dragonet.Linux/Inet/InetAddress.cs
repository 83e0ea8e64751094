using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Net;

namespace Dragonet.Linux.Inet;

/// <summary>sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)).</summary>
internal static class InetAddress
{
    private const int SizeV4 = 16;
    private const int SizeV6 = 28;
    private const int LeastV6 = 24; // RFC 2133 had no scope

    /// <summary>The family of an address; AF_UNSPEC when it is too short for one.</summary>
    public static AddressFamily FamilyOf(ReadOnlySpan<byte> address) =>
        address.Length < 2 ? AddressFamily.AF_UNSPEC : (AddressFamily)BinaryPrimitives.ReadUInt16LittleEndian(address);

    /// <summary>Reads an address of a family: EINVAL when it is too short, EAFNOSUPPORT for another family.</summary>
    public static Result<Endpoint> Parse(ReadOnlySpan<byte> address, AddressFamily family)
    {
        var isV6 = family == AddressFamily.AF_INET6;
        if (address.Length < (isV6 ? LeastV6 : SizeV4))
        {
            return Errno.EINVAL;
        }

        if (FamilyOf(address) != family)
        {
            return Errno.EAFNOSUPPORT;
        }

        var port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        if (!isV6)
        {
            return new Endpoint(IPAddress.FromBytes(address.Slice(4, 4)), port);
        }

        var ip = IPAddress.FromBytes(address.Slice(8, 16));
        var scope = address.Length >= SizeV6 && ip.IsLinkLocal ? BinaryPrimitives.ReadInt32LittleEndian(address[24..]) : 0;
        return new Endpoint(ip, port, scope);
    }

    /// <summary>An address as a guest sees it through a socket of a family.</summary>
    public static byte[] Format(Endpoint endpoint, AddressFamily family)
    {
        var isV6 = family == AddressFamily.AF_INET6;
        var bytes = new byte[isV6 ? SizeV6 : SizeV4];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)family);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), endpoint.Port);
        if (isV6)
        {
            // 0.0.0.0 of a socket that has no address yet is "::" to an IPv6 program.
            endpoint.Address.Write16(bytes.AsSpan(8));
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24), endpoint.Scope);
        }
        else
        {
            endpoint.Address.Write(bytes.AsSpan(4));
        }

        return bytes;
    }
}
