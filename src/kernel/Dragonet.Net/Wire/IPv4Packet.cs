using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>A view of an IPv4 packet (RFC 791, section 3.1).</summary>
public readonly ref struct IPv4Packet
{
    /// <summary>Length of a header without options.</summary>
    public const int MinimalHeader = 20;

    /// <summary>The flag "don't fragment" in the word of flags and offset.</summary>
    public const ushort DontFragmentFlag = 0x4000;

    /// <summary>The flag "more fragments".</summary>
    public const ushort MoreFragmentsFlag = 0x2000;

    private readonly ReadOnlySpan<byte> _bytes;

    private IPv4Packet(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public int HeaderLength => (_bytes[0] & 0xf) * 4;

    public byte TrafficClass => _bytes[1];

    public int TotalLength => BinaryPrimitives.ReadUInt16BigEndian(_bytes[2..]);

    public ushort Identification => BinaryPrimitives.ReadUInt16BigEndian(_bytes[4..]);

    public bool DontFragment => (BinaryPrimitives.ReadUInt16BigEndian(_bytes[6..]) & DontFragmentFlag) != 0;

    public bool MoreFragments => (BinaryPrimitives.ReadUInt16BigEndian(_bytes[6..]) & MoreFragmentsFlag) != 0;

    /// <summary>Where the payload belongs in the whole one, in bytes.</summary>
    public int FragmentOffset => (BinaryPrimitives.ReadUInt16BigEndian(_bytes[6..]) & 0x1fff) * 8;

    public byte TimeToLive => _bytes[8];

    public IPProtocol Protocol => (IPProtocol)_bytes[9];

    public IPAddress Source => IPAddress.FromBytes(_bytes.Slice(12, 4));

    public IPAddress Destination => IPAddress.FromBytes(_bytes.Slice(16, 4));

    public bool IsChecksumValid => InternetChecksum.Of(_bytes[..HeaderLength]) == 0;

    /// <summary>Checks the lengths; what is behind the total length is padding of the link.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out IPv4Packet packet)
    {
        packet = default;
        if (bytes.Length < MinimalHeader || bytes[0] >> 4 != 4)
        {
            return false;
        }

        packet = new IPv4Packet(bytes);
        return packet.HeaderLength >= MinimalHeader && packet.TotalLength >= packet.HeaderLength && packet.TotalLength <= bytes.Length;
    }

    /// <summary>Writes a header with its checksum.</summary>
    /// <param name="header">20 bytes, and those of the options.</param>
    /// <param name="ip">Addresses, protocol, hop limit.</param>
    /// <param name="length">Length of the payload.</param>
    /// <param name="identification">For fragments (RFC 6864).</param>
    /// <param name="flagsAndOffset">Flags, and the offset in units of eight bytes.</param>
    /// <param name="options">A multiple of four bytes.</param>
    public static void Write(Span<byte> header, in IPHeader ip, int length, ushort identification, ushort flagsAndOffset, ReadOnlySpan<byte> options = default)
    {
        var size = MinimalHeader + options.Length;
        options.CopyTo(header[MinimalHeader..]);
        header[0] = (byte)(0x40 | size / 4);
        header[1] = ip.TrafficClass;
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)(size + length));
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], identification);
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], flagsAndOffset);
        header[8] = ip.HopLimit;
        header[9] = (byte)ip.Protocol;
        header[10] = header[11] = 0;
        ip.Source.Write(header[12..]);
        ip.Destination.Write(header[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Of(header[..size]));
    }
}
