using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>A view of a neighbour solicitation or advertisement (RFC 4861, sections 4.3 and 4.4), from its ICMPv6 header on.</summary>
public readonly ref struct NeighbourMessage
{
    /// <summary>Length with one link-layer address.</summary>
    public const int Size = 32;

    /// <summary>Who has it?</summary>
    public const byte Solicitation = 135;

    /// <summary>I have.</summary>
    public const byte Advertisement = 136;

    private const byte SourceOption = 1;
    private const byte TargetOption = 2;
    private const int OptionsAt = 24;

    private readonly ReadOnlySpan<byte> _bytes;

    private NeighbourMessage(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public bool IsSolicitation => _bytes[0] == Solicitation;

    /// <summary>An answer to a question of ours.</summary>
    public bool IsSolicited => (_bytes[4] & 0x40) != 0;

    /// <summary>What is known is to be replaced.</summary>
    public bool Overrides => (_bytes[4] & 0x20) != 0;

    public IPAddress Target => IPAddress.FromBytes(_bytes.Slice(8, 16));

    /// <summary>The link-layer address that it tells, or null.</summary>
    public EthernetAddress? Hardware
    {
        get
        {
            for (var rest = _bytes[OptionsAt..]; rest.Length >= 8; rest = rest[(rest[1] * 8)..])
            {
                if (rest[0] == (IsSolicitation ? SourceOption : TargetOption))
                {
                    return EthernetAddress.FromBytes(rest[2..]);
                }
            }

            return null;
        }
    }

    /// <summary>Checks lengths and code (sections 7.1.1 and 7.1.2); hop limit and checksum are the caller's business.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out NeighbourMessage message)
    {
        message = default;
        if (bytes.Length < OptionsAt || bytes[0] is not (Solicitation or Advertisement) || bytes[1] != 0)
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

        message = new NeighbourMessage(bytes);
        return !message.Target.IsMulticast;
    }

    /// <summary>Writes one with our link-layer address, without checksum.</summary>
    public static void Write(Span<byte> message, bool isSolicitation, bool isSolicited, IPAddress target, EthernetAddress hardware)
    {
        message[..Size].Clear();
        message[0] = isSolicitation ? Solicitation : Advertisement;
        BinaryPrimitives.WriteUInt32BigEndian(message[4..], isSolicitation ? 0 : 0x20000000 | (isSolicited ? 0x40000000u : 0));
        target.Write16(message[8..]);
        message[OptionsAt] = isSolicitation ? SourceOption : TargetOption;
        message[OptionsAt + 1] = 1;
        hardware.Write(message[(OptionsAt + 2)..]);
    }
}
