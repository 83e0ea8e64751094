using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Dragonet.Net;

/// <summary>The checksum of IP, ICMP, UDP and TCP (RFC 1071): the sum of 16-bit words in one's complement.</summary>
public static class InternetChecksum
{
    /// <summary>Adds bytes to a running sum. All parts but the last must have an even length. The sum is in the machine's byte order,
    /// which RFC 1071, section 2 (B) allows: <see cref="Finish"/> turns it around once.</summary>
    public static ulong Add(ReadOnlySpan<byte> bytes, ulong sum = 0)
    {
        if (Vector256.IsHardwareAccelerated && bytes.Length >= 2 * Vector256<byte>.Count)
        {
            // Four sums of 32-bit words in 64 bits each: no carry is lost.
            var (low, high) = (Vector256<ulong>.Zero, Vector256<ulong>.Zero);
            var words = MemoryMarshal.Cast<byte, Vector256<uint>>(bytes);
            foreach (var word in words)
            {
                var (first, second) = Vector256.Widen(word);
                low += first;
                high += second;
            }

            var total = low + high;
            for (var i = 0; i < Vector256<ulong>.Count; i++)
            {
                sum += (total[i] & uint.MaxValue) + (total[i] >> 32);
            }

            bytes = bytes[(words.Length * Vector256<byte>.Count)..];
        }

        while (bytes.Length >= 16)
        {
            var first = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            var second = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
            sum += (first & uint.MaxValue) + (first >> 32) + (second & uint.MaxValue) + (second >> 32);
            bytes = bytes[16..];
        }

        for (; bytes.Length >= 2; bytes = bytes[2..])
        {
            sum += BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        }

        return bytes.IsEmpty ? sum : sum + bytes[0];
    }

    /// <summary>Adds the pseudo header of UDP, TCP (RFC 9293, section 3.1) and ICMPv6 (RFC 8200, section 8.1).</summary>
    public static ulong AddPseudoHeader(IPAddress source, IPAddress destination, IPProtocol protocol, int length)
    {
        Span<byte> header = stackalloc byte[40];
        var size = source.Size;
        source.Write(header);
        destination.Write(header[size..]);
        BinaryPrimitives.WriteUInt32BigEndian(header[(2 * size)..], (uint)length);
        BinaryPrimitives.WriteUInt32BigEndian(header[(2 * size + 4)..], (uint)protocol);
        return Add(header[..(2 * size + 8)]);
    }

    /// <summary>The value for the checksum field: the complement of the sum.</summary>
    public static ushort Finish(ulong sum)
    {
        sum = (sum & uint.MaxValue) + (sum >> 32);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~BinaryPrimitives.ReverseEndianness((ushort)sum);
    }

    /// <summary>The checksum of some bytes; 0 when they contain their own correct checksum.</summary>
    public static ushort Of(ReadOnlySpan<byte> bytes) => Finish(Add(bytes));
}
