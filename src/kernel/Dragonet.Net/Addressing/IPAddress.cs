using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>
/// An address of either family: IPv4 is kept as IPv4-mapped IPv6 (RFC 4291, section 2.5.5.2), so that everything above the packet
/// formats has one code path.
/// </summary>
/// <param name="High">The first eight bytes, as a big-endian number.</param>
/// <param name="Low">The last eight bytes.</param>
public readonly record struct IPAddress(ulong High, ulong Low)
{
    private const ulong Mapped = 0xffff_0000_0000;

    /// <summary>0.0.0.0</summary>
    public static IPAddress AnyV4 => FromV4(0);

    /// <summary>::</summary>
    public static IPAddress AnyV6 => default;

    /// <summary>127.0.0.1</summary>
    public static IPAddress LoopbackV4 => FromV4(0x7f000001);

    /// <summary>::1</summary>
    public static IPAddress LoopbackV6 => new(0, 1);

    /// <summary>255.255.255.255</summary>
    public static IPAddress Broadcast => FromV4(uint.MaxValue);

    /// <summary>True for an IPv4 address.</summary>
    public bool IsV4 => High == 0 && Low >> 32 == 0xffff;

    /// <summary>The IPv4 address as a number; only meaningful when <see cref="IsV4"/>.</summary>
    public uint V4 => (uint)Low;

    /// <summary>0.0.0.0 or ::.</summary>
    public bool IsUnspecified => High == 0 && Low is 0 or Mapped;

    /// <summary>127.0.0.0/8 or ::1.</summary>
    public bool IsLoopback => IsV4 ? V4 >> 24 == 127 : this == LoopbackV6;

    /// <summary>224.0.0.0/4 or ff00::/8.</summary>
    public bool IsMulticast => IsV4 ? V4 >> 28 == 0xe : High >> 56 == 0xff;

    /// <summary>169.254.0.0/16 or fe80::/10.</summary>
    public bool IsLinkLocal => IsV4 ? V4 >> 16 == 0xa9fe : High >> 54 == 0x3fa;

    /// <summary>255.255.255.255</summary>
    public bool IsLimitedBroadcast => this == Broadcast;

    /// <summary>Bits of an address of this family.</summary>
    public int Bits => IsV4 ? 32 : 128;

    /// <summary>Bytes of an address of this family.</summary>
    public int Size => IsV4 ? 4 : 16;

    /// <summary>From a number, host byte order.</summary>
    public static IPAddress FromV4(uint address) => new(0, Mapped | address);

    /// <summary>From 4 or 16 bytes, network byte order.</summary>
    public static IPAddress FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length == 4
        ? FromV4(BinaryPrimitives.ReadUInt32BigEndian(bytes))
        : new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));

    /// <summary>From text in the usual notation of either family.</summary>
    public static IPAddress Parse(string text) => FromBytes(System.Net.IPAddress.Parse(text).GetAddressBytes());

    /// <summary>Writes 4 or 16 bytes, by the family.</summary>
    public void Write(Span<byte> destination)
    {
        if (IsV4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, V4);
        }
        else
        {
            Write16(destination);
        }
    }

    /// <summary>Writes 16 bytes whatever the family.</summary>
    public void Write16(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Low);
    }

    /// <summary>True when the first <paramref name="length"/> bits are equal, and the family.</summary>
    public bool Matches(IPAddress other, int length)
    {
        if (IsV4 != other.IsV4)
        {
            return false;
        }

        length += 128 - Bits;
        return length <= 64
            ? length == 0 || (High ^ other.High) >> (64 - length) == 0
            : High == other.High && (length == 128 ? Low == other.Low : (Low ^ other.Low) >> (128 - length) == 0);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        Write(bytes);
        return new System.Net.IPAddress(bytes[..Size]).ToString();
    }
}
