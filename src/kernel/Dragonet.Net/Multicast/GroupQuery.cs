using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>A router's question (RFC 3376, section 4.1; RFC 3810, section 5.1).</summary>
/// <param name="Group">About which group; unspecified for all.</param>
/// <param name="MaximumDelay">Within which time, in nanoseconds, it is to be answered.</param>
/// <param name="Sources">About which sources; null for all.</param>
/// <param name="IsOlder">The router does not know sources (IGMPv1, IGMPv2, MLDv1).</param>
internal readonly record struct GroupQuery(IPAddress Group, long MaximumDelay, IReadOnlyList<IPAddress>? Sources, bool IsOlder)
{
    private const long Millisecond = 1_000_000;

    public static bool TryParse(bool isV4, ReadOnlySpan<byte> message, out GroupQuery query)
    {
        query = default;
        var older = isV4 ? 8 : 24;
        var full = older + 4;
        if (message.Length < older || message[0] != (isV4 ? 0x11 : 130) || (message.Length > older && message.Length < full))
        {
            return false;
        }

        var group = IPAddress.FromBytes(isV4 ? message[4..8] : message[8..24]);
        if (!group.IsUnspecified && !group.IsMulticast)
        {
            return false;
        }

        var isOlder = message.Length == older;
        // Tenths of a second; from 128 on three bits of exponent and four of mantissa (section 4.1.1). IGMPv1 has none: ten seconds.
        var code = isV4 ? message[1] : BinaryPrimitives.ReadUInt16BigEndian(message[4..]);
        long delay = isV4
            ? (isOlder ? code == 0 ? 100 : code : code < 128 ? code : ((code & 0xf) | 0x10) << (((code >> 4) & 7) + 3)) * 100
            : isOlder || code < 32768 ? code : ((code & 0xfff) | 0x1000) << (((code >> 12) & 7) + 3);
        List<IPAddress>? sources = null;
        if (!isOlder)
        {
            var count = BinaryPrimitives.ReadUInt16BigEndian(message[(older + 2)..]);
            var size = isV4 ? 4 : 16;
            if (message.Length < full + count * size)
            {
                return false;
            }

            for (var i = 0; i < count; i++)
            {
                (sources ??= []).Add(IPAddress.FromBytes(message.Slice(full + i * size, size)));
            }
        }

        query = new GroupQuery(group, delay * Millisecond, sources, isOlder);
        return true;
    }
}
