using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>A view of a TCP segment (RFC 9293, section 3.1).</summary>
public readonly ref struct TcpSegment
{
    /// <summary>Length of a header without options.</summary>
    public const int MinimalHeader = 20;

    /// <summary>Where the checksum is.</summary>
    internal const int ChecksumOffset = 16;

    private readonly ReadOnlySpan<byte> _bytes;

    private TcpSegment(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(_bytes);

    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(_bytes[2..]);

    public uint Sequence => BinaryPrimitives.ReadUInt32BigEndian(_bytes[4..]);

    public uint Acknowledgment => BinaryPrimitives.ReadUInt32BigEndian(_bytes[8..]);

    public int HeaderLength => (_bytes[12] >> 4) * 4;

    public TcpFlags Flags => (TcpFlags)_bytes[13];

    /// <summary>As it is in the header, not scaled.</summary>
    public ushort Window => BinaryPrimitives.ReadUInt16BigEndian(_bytes[14..]);

    /// <summary>How far behind the sequence number urgent data ends; it counts with <see cref="TcpFlags.Urg"/> only.</summary>
    public ushort UrgentPointer => BinaryPrimitives.ReadUInt16BigEndian(_bytes[18..]);

    public ReadOnlySpan<byte> Options => _bytes[MinimalHeader..HeaderLength];

    public ReadOnlySpan<byte> Payload => _bytes[HeaderLength..];

    /// <summary>Sequence numbers that it takes: data, SYN and FIN.</summary>
    public int SequenceLength => _bytes.Length - HeaderLength + (Has(TcpFlags.Syn) ? 1 : 0) + (Has(TcpFlags.Fin) ? 1 : 0);

    /// <summary>True when any of these bits is set.</summary>
    public bool Has(TcpFlags flags) => (Flags & flags) != 0;

    /// <summary>Checks the lengths.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out TcpSegment segment)
    {
        segment = default;
        if (bytes.Length < MinimalHeader)
        {
            return false;
        }

        segment = new TcpSegment(bytes);
        return segment.HeaderLength >= MinimalHeader && segment.HeaderLength <= bytes.Length;
    }

    public bool IsChecksumValid(IPAddress source, IPAddress destination) => InternetChecksum.Finish(
        InternetChecksum.Add(_bytes, InternetChecksum.AddPseudoHeader(source, destination, IPProtocol.Tcp, _bytes.Length))) == 0;

    /// <summary>Writes a header; the options behind it are there already, and so is the payload.</summary>
    /// <param name="segment">Header, options, payload.</param>
    /// <param name="source">From.</param>
    /// <param name="destination">To.</param>
    /// <param name="fields">Numbers and flags.</param>
    /// <param name="headerLength">Header and options.</param>
    /// <param name="withChecksum">False where no wire can damage it.</param>
    public static void Write(Span<byte> segment, Endpoint source, Endpoint destination, in TcpFields fields, int headerLength, bool withChecksum)
    {
        BinaryPrimitives.WriteUInt16BigEndian(segment, source.Port);
        BinaryPrimitives.WriteUInt16BigEndian(segment[2..], destination.Port);
        BinaryPrimitives.WriteUInt32BigEndian(segment[4..], fields.Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(segment[8..], fields.Acknowledgment);
        segment[12] = (byte)(headerLength / 4 << 4);
        segment[13] = (byte)fields.Flags;
        BinaryPrimitives.WriteUInt16BigEndian(segment[14..], fields.Window);
        BinaryPrimitives.WriteUInt32BigEndian(segment[16..], fields.Urgent);
        if (withChecksum)
        {
            var sum = InternetChecksum.AddPseudoHeader(source.Address, destination.Address, IPProtocol.Tcp, segment.Length);
            BinaryPrimitives.WriteUInt16BigEndian(segment[16..], InternetChecksum.Finish(InternetChecksum.Add(segment, sum)));
        }
    }
}
