using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>A view of a UDP datagram (RFC 768).</summary>
public readonly ref struct UdpDatagram
{
    /// <summary>Length of the header.</summary>
    public const int HeaderSize = 8;

    private readonly ReadOnlySpan<byte> _bytes;

    private UdpDatagram(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(_bytes);

    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(_bytes[2..]);

    /// <summary>Length with the header.</summary>
    public int Length => BinaryPrimitives.ReadUInt16BigEndian(_bytes[4..]);

    public ushort Checksum => BinaryPrimitives.ReadUInt16BigEndian(_bytes[6..]);

    /// <summary>Checks the lengths.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out UdpDatagram datagram)
    {
        datagram = default;
        if (bytes.Length < HeaderSize)
        {
            return false;
        }

        datagram = new UdpDatagram(bytes);
        return datagram.Length >= HeaderSize && datagram.Length <= bytes.Length;
    }

    /// <summary>True also without one, which with IPv6 only those take who say so (RFC 8200, section 8.1; RFC 6936).</summary>
    public bool IsChecksumValid(IPAddress source, IPAddress destination) => Checksum == 0
        || InternetChecksum.Finish(InternetChecksum.Add(_bytes[..Length], InternetChecksum.AddPseudoHeader(source, destination, IPProtocol.Udp, Length))) == 0;

    /// <summary>Writes the header in front of the data.</summary>
    /// <param name="datagram">Header and data.</param>
    /// <param name="source">From.</param>
    /// <param name="destination">To.</param>
    /// <param name="withChecksum">False for none, which is 0.</param>
    public static void Write(Span<byte> datagram, Endpoint source, Endpoint destination, bool withChecksum = true)
    {
        BinaryPrimitives.WriteUInt16BigEndian(datagram, source.Port);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], destination.Port);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[4..], (ushort)datagram.Length);
        datagram[6] = datagram[7] = 0;
        if (!withChecksum)
        {
            return;
        }

        var sum = InternetChecksum.AddPseudoHeader(source.Address, destination.Address, IPProtocol.Udp, datagram.Length);
        var checksum = InternetChecksum.Finish(InternetChecksum.Add(datagram, sum));
        BinaryPrimitives.WriteUInt16BigEndian(datagram[6..], checksum == 0 ? ushort.MaxValue : checksum);
    }
}
