using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>A view of an Ethernet II frame (RFC 894, RFC 2464).</summary>
public readonly ref struct EthernetFrame
{
    /// <summary>Length of the header.</summary>
    public const int HeaderSize = 14;

    public const ushort TypeIPv4 = 0x0800;
    public const ushort TypeArp = 0x0806;
    public const ushort TypeIPv6 = 0x86dd;

    private readonly ReadOnlySpan<byte> _bytes;

    private EthernetFrame(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public EthernetAddress Destination => EthernetAddress.FromBytes(_bytes);

    public EthernetAddress Source => EthernetAddress.FromBytes(_bytes[6..]);

    public ushort Type => BinaryPrimitives.ReadUInt16BigEndian(_bytes[12..]);

    public ReadOnlySpan<byte> Payload => _bytes[HeaderSize..];

    public static bool TryParse(ReadOnlySpan<byte> bytes, out EthernetFrame frame)
    {
        frame = bytes.Length < HeaderSize ? default : new EthernetFrame(bytes);
        return bytes.Length >= HeaderSize;
    }

    public static void Write(Span<byte> header, EthernetAddress destination, EthernetAddress source, ushort type)
    {
        destination.Write(header);
        source.Write(header[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(header[12..], type);
    }
}
