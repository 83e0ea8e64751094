using System.Buffers.Binary;
using System.Text;
using Dragonet.Abi;
using Dragonet.Net;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>The attributes behind the fixed part of a netlink message (netlink(7), rtnetlink(3)). Of one that is there twice the last counts.</summary>
internal readonly ref struct NetlinkAttributes
{
    private const int HeaderSize = 4;

    private readonly ReadOnlySpan<byte> _bytes;

    private NetlinkAttributes(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>What is behind a fixed part of this size; nothing when the message is shorter.</summary>
    public static NetlinkAttributes Behind(ReadOnlySpan<byte> body, int size) => new(body.Length < Align(size) ? default : body[Align(size)..]);

    /// <summary>The value of an attribute; false when it is not there.</summary>
    public bool TryGet(ushort type, out ReadOnlySpan<byte> value)
    {
        value = default;
        var found = false;
        for (var rest = _bytes; rest.Length >= HeaderSize;)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(rest);
            if (length < HeaderSize || length > rest.Length)
            {
                break;
            }

            if ((BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]) & Netlink.NLA_TYPE_MASK) == type)
            {
                value = rest[HeaderSize..length];
                found = true;
            }

            rest = rest[Math.Min(Align(length), rest.Length)..];
        }

        return found;
    }

    public bool Has(ushort type) => TryGet(type, out _);

    /// <summary>A number of 32 bits, or null.</summary>
    public int? Number(ushort type) => TryGet(type, out var value) && value.Length >= 4 ? BinaryPrimitives.ReadInt32LittleEndian(value) : null;

    /// <summary>A text up to its NUL, or null.</summary>
    public string? Text(ushort type)
    {
        if (!TryGet(type, out var value))
        {
            return null;
        }

        var end = value.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? value : value[..end]);
    }

    /// <summary>An address of a family; null when it is not there or has another length.</summary>
    public IPAddress? Address(ushort type, bool isV4) => TryGet(type, out var value) && value.Length == (isV4 ? 4 : 16) ? IPAddress.FromBytes(value) : null;

    /// <summary>Attributes in an attribute.</summary>
    public NetlinkAttributes Inside(ushort type) => new(TryGet(type, out var value) ? value : default);

    private static int Align(int length) => (length + 3) & ~3;
}
