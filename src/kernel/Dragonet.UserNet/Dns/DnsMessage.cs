using System.Buffers.Binary;
using System.Text;
using Dragonet.Net;

namespace Dragonet.UserNet;

/// <summary>What the forwarder needs to know of a DNS message (RFC 1035, section 4). Every length is checked; nothing throws.</summary>
internal static class DnsMessage
{
    internal const int HeaderSize = 12;
    internal const int Largest = 65535;
    private const int MaxName = 255, MaxJumps = 32;
    private const ushort TypeA = 1, TypeCName = 5, TypeAaaa = 28, ClassIn = 1;

    /// <summary>REFUSED (RFC 1035, section 4.1.1): by policy.</summary>
    internal const int Refused = 5;

    /// <summary>SERVFAIL: nobody answers.</summary>
    internal const int ServerFailure = 2;

    internal static ushort Id(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt16BigEndian(message);

    /// <summary>A standard query with one question.</summary>
    /// <param name="message">The message.</param>
    /// <param name="name">The name in small letters, without the dot at the end; "" for the root.</param>
    /// <param name="end">Where the question ends.</param>
    internal static bool TryReadQuery(ReadOnlySpan<byte> message, out string name, out int end) =>
        TryReadQuestion(message, out name, out end) && (message[2] & 0xf8) == 0; // QR and OPCODE are 0

    /// <summary>The one question of a message.</summary>
    internal static bool TryReadQuestion(ReadOnlySpan<byte> message, out string name, out int end)
    {
        (name, end) = ("", HeaderSize);
        if (message.Length < HeaderSize || BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1 || !TryReadName(message, ref end, out name) || end + 4 > message.Length)
        {
            return false;
        }

        end += 4;
        return true;
    }

    /// <summary>True for a response to a query: the same question, byte by byte but for capitals.</summary>
    internal static bool IsResponse(ReadOnlySpan<byte> response, ReadOnlySpan<byte> query) =>
        TryReadQuestion(query, out var asked, out var queryEnd) && TryReadQuestion(response, out var answered, out var responseEnd)
        && (response[2] & 0x80) != 0 && asked == answered && query[(queryEnd - 4)..queryEnd].SequenceEqual(response[(responseEnd - 4)..responseEnd]);

    /// <summary>The addresses that a response gives for its question, along CNAME records; not what else it may say.</summary>
    internal static List<(IPAddress Address, uint Seconds)> ReadAddresses(ReadOnlySpan<byte> response)
    {
        var addresses = new List<(IPAddress, uint)>();
        if (!TryReadQuestion(response, out var name, out var at))
        {
            return addresses;
        }

        // Names are followed in the order of the records, which is the order of the chain (RFC 1034, section 4.3.2).
        var chain = new HashSet<string> { name };
        for (var left = BinaryPrimitives.ReadUInt16BigEndian(response[6..]); left > 0; left--)
        {
            if (!TryReadName(response, ref at, out var owner) || at + 10 > response.Length)
            {
                break;
            }

            var type = BinaryPrimitives.ReadUInt16BigEndian(response[at..]);
            var isInternet = BinaryPrimitives.ReadUInt16BigEndian(response[(at + 2)..]) == ClassIn;
            var seconds = BinaryPrimitives.ReadUInt32BigEndian(response[(at + 4)..]);
            var length = BinaryPrimitives.ReadUInt16BigEndian(response[(at + 8)..]);
            at += 10;
            if (at + length > response.Length)
            {
                break;
            }

            if (isInternet && chain.Contains(owner))
            {
                var inside = at;
                if (type == TypeCName && TryReadName(response, ref inside, out var alias) && inside == at + length)
                {
                    _ = chain.Add(alias);
                }
                else if ((type == TypeA && length == 4) || (type == TypeAaaa && length == 16))
                {
                    addresses.Add((IPAddress.FromBytes(response.Slice(at, length)), seconds));
                }
            }

            at += length;
        }

        return addresses;
    }

    /// <summary>A response without records to a query.</summary>
    internal static byte[] Fail(ReadOnlySpan<byte> query, int end, int code)
    {
        var response = query[..end].ToArray();
        response[2] = (byte)((query[2] & 0x79) | 0x80); // a response; opcode and RD as asked
        response[3] = (byte)(0x80 | code);              // RA
        response.AsSpan(6, 6).Clear();
        return response;
    }

    /// <summary>Reads a name, with compression pointers, which may only lead backwards (RFC 1035, section 4.1.4).</summary>
    private static bool TryReadName(ReadOnlySpan<byte> message, ref int at, out string name)
    {
        name = "";
        var text = new StringBuilder();
        var (position, end, jumps, total) = (at, -1, 0, 0);
        while (position < message.Length)
        {
            var length = message[position];
            if (length == 0)
            {
                at = end < 0 ? position + 1 : end;
                name = text.ToString();
                return true;
            }

            if (length >= 0xc0)
            {
                if (position + 2 > message.Length || ++jumps > MaxJumps)
                {
                    return false;
                }

                var target = (length & 0x3f) << 8 | message[position + 1];
                if (target >= position)
                {
                    return false;
                }

                end = end < 0 ? position + 2 : end;
                position = target;
                continue;
            }

            total += length + 1;
            if (length > 63 || position + 1 + length > message.Length || total >= MaxName)
            {
                return false;
            }

            _ = text.Append(text.Length > 0 ? "." : "");
            foreach (var octet in message.Slice(position + 1, length))
            {
                // A dot inside of a label, or anything else that no host name has, must not look like another name.
                var c = (char)octet;
                _ = char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? text.Append(char.ToLowerInvariant(c)) : text.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\{octet:d3}");
            }

            position += 1 + length;
        }

        return false;
    }
}
