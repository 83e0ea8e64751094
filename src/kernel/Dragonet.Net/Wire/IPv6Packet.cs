using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>A view of an IPv6 packet's fixed header (RFC 8200, section 3).</summary>
public readonly ref struct IPv6Packet
{
    /// <summary>Length of the fixed header.</summary>
    public const int HeaderSize = 40;

    /// <summary>Length of a fragment header (RFC 8200, section 4.5).</summary>
    public const int FragmentHeaderSize = 8;

    private readonly ReadOnlySpan<byte> _bytes;

    private IPv6Packet(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public byte TrafficClass => (byte)(BinaryPrimitives.ReadUInt16BigEndian(_bytes) >> 4);

    public int PayloadLength => BinaryPrimitives.ReadUInt16BigEndian(_bytes[4..]);

    public IPProtocol NextHeader => (IPProtocol)_bytes[6];

    public byte HopLimit => _bytes[7];

    public IPAddress Source => IPAddress.FromBytes(_bytes.Slice(8, 16));

    public IPAddress Destination => IPAddress.FromBytes(_bytes.Slice(24, 16));

    /// <summary>Checks the lengths; IPv4-mapped addresses have no business on a wire (RFC 4942, section 2.2).</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out IPv6Packet packet)
    {
        packet = default;
        if (bytes.Length < HeaderSize || bytes[0] >> 4 != 6)
        {
            return false;
        }

        packet = new IPv6Packet(bytes);
        return HeaderSize + packet.PayloadLength <= bytes.Length && !packet.Source.IsV4 && !packet.Destination.IsV4;
    }

    /// <summary>Writes a fixed header.</summary>
    public static void Write(Span<byte> header, in IPHeader ip, int length, IPProtocol nextHeader)
    {
        BinaryPrimitives.WriteUInt32BigEndian(header, 6u << 28 | (uint)ip.TrafficClass << 20 | (ip.FlowLabel & 0xf_ffff));
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)length);
        header[6] = (byte)nextHeader;
        header[7] = ip.HopLimit;
        ip.Source.Write16(header[8..]);
        ip.Destination.Write16(header[24..]);
    }
}
