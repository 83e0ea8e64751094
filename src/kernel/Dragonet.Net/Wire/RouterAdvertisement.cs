using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>A view of a router advertisement (RFC 4861, section 4.2), from its ICMPv6 header on.</summary>
public readonly ref struct RouterAdvertisement
{
    /// <summary>I ask for one.</summary>
    public const byte SolicitationType = 133;

    /// <summary>The type of this message.</summary>
    public const byte Type = 134;

    private const int OptionsAt = 16;
    private const byte PrefixOption = 3;
    private const int PrefixSize = 32;

    private readonly ReadOnlySpan<byte> _bytes;

    private RouterAdvertisement(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>For how many seconds its sender is a default router; 0: it is none.</summary>
    public ushort RouterLifetime => BinaryPrimitives.ReadUInt16BigEndian(_bytes[6..]);

    /// <summary>Where the options begin, for <see cref="NextPrefix"/>.</summary>
    public static int FirstOption => OptionsAt;

    /// <summary>Checks lengths and code (section 6.1.2); source, hop limit and checksum are the caller's business.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out RouterAdvertisement message)
    {
        message = default;
        if (bytes.Length < OptionsAt || bytes[0] != Type || bytes[1] != 0)
        {
            return false;
        }

        for (var rest = bytes[OptionsAt..]; !rest.IsEmpty; rest = rest[(rest[1] * 8)..])
        {
            if (rest.Length < 8 || rest[1] == 0 || rest[1] * 8 > rest.Length)
            {
                return false;
            }
        }

        message = new RouterAdvertisement(bytes);
        return true;
    }

    /// <summary>The next prefix (section 4.6.2).</summary>
    /// <param name="at">Where to look from; behind it afterwards.</param>
    /// <param name="prefix">The prefix.</param>
    public bool NextPrefix(ref int at, out AdvertisedPrefix prefix)
    {
        for (prefix = default; at < _bytes.Length;)
        {
            var option = _bytes.Slice(at, _bytes[at + 1] * 8);
            at += option.Length;
            if (option[0] == PrefixOption && option.Length == PrefixSize)
            {
                var network = new Prefix(IPAddress.FromBytes(option.Slice(16, 16)), Math.Min(option[2], (byte)128)).Network;
                prefix = new AdvertisedPrefix(
                    network, (option[3] & 0x80) != 0, (option[3] & 0x40) != 0,
                    BinaryPrimitives.ReadUInt32BigEndian(option[4..]), BinaryPrimitives.ReadUInt32BigEndian(option[8..]));
                return true;
            }
        }

        return false;
    }
}
