using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>A view of an ARP packet for IPv4 over Ethernet (RFC 826).</summary>
public readonly ref struct ArpPacket
{
    /// <summary>Its length.</summary>
    public const int Size = 28;

    /// <summary>Who has it?</summary>
    public const ushort Request = 1;

    /// <summary>I have.</summary>
    public const ushort Reply = 2;

    private readonly ReadOnlySpan<byte> _bytes;

    private ArpPacket(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public ushort Operation => BinaryPrimitives.ReadUInt16BigEndian(_bytes[6..]);

    public EthernetAddress SenderHardware => EthernetAddress.FromBytes(_bytes[8..]);

    public IPAddress Sender => IPAddress.FromBytes(_bytes.Slice(14, 4));

    public IPAddress Target => IPAddress.FromBytes(_bytes.Slice(24, 4));

    public static bool TryParse(ReadOnlySpan<byte> bytes, out ArpPacket packet)
    {
        packet = default;
        if (bytes.Length < Size || BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16 != 0x0001_0800_0604)
        {
            return false;
        }

        packet = new ArpPacket(bytes);
        return packet.Operation is Request or Reply;
    }

    public static void Write(Span<byte> packet, ushort operation, EthernetAddress senderHardware, IPAddress sender, EthernetAddress targetHardware, IPAddress target)
    {
        BinaryPrimitives.WriteUInt64BigEndian(packet, 0x0001_0800_0604_0000UL | operation);
        senderHardware.Write(packet[8..]);
        sender.Write(packet[14..]);
        targetHardware.Write(packet[18..]);
        target.Write(packet[24..]);
    }
}
