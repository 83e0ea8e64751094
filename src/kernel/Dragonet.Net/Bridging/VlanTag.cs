using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>The tag of a virtual network in an Ethernet frame (IEEE 802.1Q, section 9).</summary>
internal static class VlanTag
{
    public const int Size = 4;
    public const ushort Type = 0x8100;
    public const ushort DefaultVlan = 1;
    private const int At = 12; // behind the two addresses

    /// <summary>The network in the tag of a frame; null without a tag. A tag of network 0 carries a priority only, and counts as none.</summary>
    public static ushort? Read(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < EthernetFrame.HeaderSize + Size || BinaryPrimitives.ReadUInt16BigEndian(frame[At..]) != Type)
        {
            return null;
        }

        var vlan = (ushort)(BinaryPrimitives.ReadUInt16BigEndian(frame[(At + 2)..]) & 0xfff);
        return vlan == 0 ? null : vlan;
    }

    /// <summary>True for a frame with a tag of any kind.</summary>
    public static bool Has(ReadOnlySpan<byte> frame) => frame.Length >= EthernetFrame.HeaderSize + Size && BinaryPrimitives.ReadUInt16BigEndian(frame[At..]) == Type;

    /// <summary>Puts a tag in.</summary>
    public static void Insert(PacketBuffer frame, ushort vlan)
    {
        var bytes = frame.Prepend(Size).Length == Size ? frame.Bytes : default;
        bytes.Slice(Size, At).CopyTo(bytes);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[At..], Type);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[(At + 2)..], vlan);
    }

    /// <summary>Takes the tag out.</summary>
    public static void Remove(PacketBuffer frame)
    {
        var bytes = frame.Bytes;
        bytes[..At].CopyTo(bytes[Size..]);
        frame.TrimFront(Size);
    }
}
