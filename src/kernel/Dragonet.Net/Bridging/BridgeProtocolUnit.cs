using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>A configuration message of the spanning tree (802.1D-1998, section 9.3.1), or the notice that the topology has changed (9.3.2).</summary>
internal readonly record struct BridgeProtocolUnit(
    bool IsNotice, bool IsChange, bool IsAcknowledged, ulong Root, uint Cost, ulong Bridge, ushort Port, long Age, long MaxAge, long Hello, long Delay)
{
    /// <summary>Length of a configuration message with Ethernet and LLC headers.</summary>
    public const int Size = EthernetFrame.HeaderSize + 3 + 35;

    /// <summary>Length of a notice.</summary>
    public const int NoticeSize = EthernetFrame.HeaderSize + 3 + 4;

    private const ulong Group = 0x0180_c200_0000;
    private const long Tick = 1_000_000_000 / 256; // times are in 256ths of a second

    public static bool TryParse(ReadOnlySpan<byte> frame, out BridgeProtocolUnit unit)
    {
        unit = default;
        if (frame.Length < NoticeSize || !frame.Slice(EthernetFrame.HeaderSize, 5).SequenceEqual<byte>([0x42, 0x42, 3, 0, 0]))
        {
            return false; // another LLC, or another protocol
        }

        var body = frame[(EthernetFrame.HeaderSize + 3)..];
        if (body[3] == 0x80)
        {
            unit = new BridgeProtocolUnit { IsNotice = true };
            return true;
        }

        // Rapid bridges (type 2) say the same at the same places (802.1D-2004, section 9.3.3).
        if (body[3] is not (0 or 2) || body.Length < 35)
        {
            return false;
        }

        unit = new BridgeProtocolUnit(false, (body[4] & 1) != 0, (body[4] & 0x80) != 0,
            BinaryPrimitives.ReadUInt64BigEndian(body[5..]), BinaryPrimitives.ReadUInt32BigEndian(body[13..]),
            BinaryPrimitives.ReadUInt64BigEndian(body[17..]), BinaryPrimitives.ReadUInt16BigEndian(body[25..]),
            Time(body[27..]), Time(body[29..]), Time(body[31..]), Time(body[33..]));
        return unit.Age < unit.MaxAge; // 9.3.4
    }

    public void Write(Span<byte> frame, EthernetAddress source)
    {
        EthernetFrame.Write(frame, new EthernetAddress(Group), source, (ushort)(frame.Length - EthernetFrame.HeaderSize));
        var body = frame[EthernetFrame.HeaderSize..];
        body[0] = body[1] = 0x42;
        body[2] = 3;
        body = body[3..];
        body.Clear();
        if (IsNotice)
        {
            body[3] = 0x80;
            return;
        }

        body[4] = (byte)((IsChange ? 1 : 0) | (IsAcknowledged ? 0x80 : 0));
        BinaryPrimitives.WriteUInt64BigEndian(body[5..], Root);
        BinaryPrimitives.WriteUInt32BigEndian(body[13..], Cost);
        BinaryPrimitives.WriteUInt64BigEndian(body[17..], Bridge);
        BinaryPrimitives.WriteUInt16BigEndian(body[25..], Port);
        BinaryPrimitives.WriteUInt16BigEndian(body[27..], (ushort)(Age / Tick));
        BinaryPrimitives.WriteUInt16BigEndian(body[29..], (ushort)(MaxAge / Tick));
        BinaryPrimitives.WriteUInt16BigEndian(body[31..], (ushort)(Hello / Tick));
        BinaryPrimitives.WriteUInt16BigEndian(body[33..], (ushort)(Delay / Tick));
    }

    private static long Time(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16BigEndian(bytes) * Tick;
}
