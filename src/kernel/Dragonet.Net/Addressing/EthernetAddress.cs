using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>A MAC address of 48 bits.</summary>
/// <param name="Value">The six bytes as a big-endian number.</param>
public readonly record struct EthernetAddress(ulong Value)
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 6;

    /// <summary>ff:ff:ff:ff:ff:ff</summary>
    public static EthernetAddress Broadcast => new(0xffff_ffff_ffff);

    /// <summary>Group addresses, broadcast among them.</summary>
    public bool IsMulticast => (Value >> 40 & 1) != 0;

    /// <summary>From six bytes.</summary>
    public static EthernetAddress FromBytes(ReadOnlySpan<byte> bytes) =>
        new((ulong)BinaryPrimitives.ReadUInt16BigEndian(bytes) << 32 | BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]));

    /// <summary>From text as in 02:00:00:00:00:01.</summary>
    public static bool TryParse(string text, out EthernetAddress address)
    {
        address = default;
        var parts = text.Split(':');
        if (parts.Length != Size || !Array.TrueForAll(parts, static part => part.Length == 2 && part.All(char.IsAsciiHexDigit)))
        {
            return false;
        }

        address = FromBytes(Convert.FromHexString(string.Concat(parts)));
        return true;
    }

    /// <summary>The group address that carries an IP multicast (RFC 1112, section 6.4; RFC 2464, section 7).</summary>
    public static EthernetAddress OfMulticast(IPAddress group) =>
        group.IsV4 ? new(0x01005e000000UL | (group.V4 & 0x7fffff)) : new(0x333300000000UL | (uint)group.Low);

    /// <summary>An address that is always the same for the same text, and hardly ever for two texts; locally administered (802-2014, section 8.4).</summary>
    public static EthernetAddress Derive(string text)
    {
        Span<byte> hash = stackalloc byte[System.Security.Cryptography.SHA256.HashSizeInBytes];
        _ = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text), hash);
        return new((FromBytes(hash).Value & ~(3UL << 40)) | 2UL << 40);
    }

    /// <summary>Writes six bytes.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)(Value >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(destination[2..], (uint)Value);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        Write(bytes);
        return string.Join(':', Convert.ToHexStringLower(bytes).Chunk(2).Select(pair => new string(pair)));
    }
}
