using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>A view of a UDP-Lite datagram (RFC 3828): as UDP's, but the length field says how much of it the checksum covers. The checksum is never
/// left out.</summary>
public readonly ref struct UdpLiteDatagram
{
    private readonly ReadOnlySpan<byte> _bytes;

    private UdpLiteDatagram(ReadOnlySpan<byte> bytes, int coverage)
    {
        _bytes = bytes;
        Coverage = coverage;
    }

    /// <summary>How many bytes the checksum covers, from the header on.</summary>
    public int Coverage { get; }

    /// <summary>Checks the coverage (section 3.1): 0 stands for everything; it is never less than the header, nor more than there is.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out UdpLiteDatagram datagram)
    {
        datagram = default;
        if (bytes.Length < UdpDatagram.HeaderSize)
        {
            return false;
        }

        int coverage = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        datagram = new UdpLiteDatagram(bytes, coverage == 0 ? bytes.Length : coverage);
        return datagram.Coverage >= UdpDatagram.HeaderSize && datagram.Coverage <= bytes.Length;
    }

    /// <summary>The sum over what is covered; the pseudo header has the length of the whole.</summary>
    public bool IsChecksumValid(IPAddress source, IPAddress destination) => BinaryPrimitives.ReadUInt16BigEndian(_bytes[6..]) != 0
        && InternetChecksum.Finish(InternetChecksum.Add(_bytes[..Coverage], InternetChecksum.AddPseudoHeader(source, destination, IPProtocol.UdpLite, _bytes.Length))) == 0;

    /// <summary>Writes the header in front of the data.</summary>
    /// <param name="datagram">Header and data.</param>
    /// <param name="source">From.</param>
    /// <param name="destination">To.</param>
    /// <param name="coverage">How many bytes the checksum covers; 0, or more than there are, for everything.</param>
    public static void Write(Span<byte> datagram, Endpoint source, Endpoint destination, int coverage)
    {
        var isPartial = coverage > 0 && coverage < datagram.Length;
        BinaryPrimitives.WriteUInt16BigEndian(datagram, source.Port);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], destination.Port);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[4..], (ushort)(isPartial ? coverage : coverage == 0 ? 0 : datagram.Length));
        datagram[6] = datagram[7] = 0;
        var covered = isPartial ? datagram[..coverage] : datagram;
        var checksum = InternetChecksum.Finish(InternetChecksum.Add(covered, InternetChecksum.AddPseudoHeader(source.Address, destination.Address, IPProtocol.UdpLite, datagram.Length)));
        BinaryPrimitives.WriteUInt16BigEndian(datagram[6..], checksum == 0 ? ushort.MaxValue : checksum);
    }
}
