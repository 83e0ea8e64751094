using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Dragonet.Net;

/// <summary>Frames as a pcapng file (draft-ietf-opsawg-pcapng), which Wireshark and tcpdump read. Blocks are in little-endian order.</summary>
public sealed class PcapngWriter(IBufferWriter<byte> output)
{
    private const uint SectionHeader = 0x0a0d0d0a, InterfaceDescription = 1, EnhancedPacket = 6;
    private const ushort OptionEnd = 0, OptionName = 2, OptionResolution = 9, OptionFlags = 2;
    private const ushort LinkEthernet = 1, LinkRaw = 101;

    private readonly List<bool> _isRaw = [];

    /// <summary>The beginning of the file.</summary>
    public void WriteHeader()
    {
        var body = new byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(body, 0x1a2b3c4d);
        BinaryPrimitives.WriteUInt16LittleEndian(body.AsSpan(4), 1);
        body.AsSpan(8).Fill(0xff); // the length of the section is not known
        WriteBlock(SectionHeader, body);
    }

    /// <summary>Describes an interface.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="isRaw">Its packets have no link header.</param>
    /// <returns>Its number for <see cref="WritePacket"/>.</returns>
    public int WriteInterface(string name, bool isRaw)
    {
        var text = Encoding.UTF8.GetBytes(name);
        var body = new byte[8 + 4 + Padded(text.Length) + 8 + 4];
        BinaryPrimitives.WriteUInt16LittleEndian(body, isRaw ? LinkRaw : LinkEthernet);
        var at = 8; // no limit of length
        at += WriteOption(body.AsSpan(at), OptionName, text);
        at += WriteOption(body.AsSpan(at), OptionResolution, [9]); // nanoseconds
        _ = WriteOption(body.AsSpan(at), OptionEnd, []);
        WriteBlock(InterfaceDescription, body);
        _isRaw.Add(isRaw);
        return _isRaw.Count - 1;
    }

    /// <summary>Writes what passed.</summary>
    /// <param name="number">The interface.</param>
    /// <param name="realtime">When, in nanoseconds since 1970.</param>
    /// <param name="bytes">The frame or packet.</param>
    /// <param name="isOutgoing">It was sent.</param>
    public void WritePacket(int number, long realtime, ReadOnlySpan<byte> bytes, bool isOutgoing)
    {
        var body = new byte[20 + Padded(bytes.Length) + 8 + 4];
        BinaryPrimitives.WriteInt32LittleEndian(body, number);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(4), (uint)(realtime >> 32));
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(8), (uint)realtime);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(12), bytes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(16), bytes.Length);
        bytes.CopyTo(body.AsSpan(20));
        if (_isRaw[number])
        {
            ChecksumCompletion.Complete(body.AsSpan(20, bytes.Length));
        }

        var at = 20 + Padded(bytes.Length);
        at += WriteOption(body.AsSpan(at), OptionFlags, [isOutgoing ? (byte)2 : (byte)1, 0, 0, 0]);
        _ = WriteOption(body.AsSpan(at), OptionEnd, []);
        WriteBlock(EnhancedPacket, body);
    }

    private static int Padded(int length) => (length + 3) & ~3;

    private static int WriteOption(Span<byte> at, ushort code, ReadOnlySpan<byte> value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(at, code);
        BinaryPrimitives.WriteUInt16LittleEndian(at[2..], (ushort)value.Length);
        value.CopyTo(at[4..]);
        return 4 + Padded(value.Length);
    }

    private void WriteBlock(uint type, ReadOnlySpan<byte> body)
    {
        var length = body.Length + 12;
        var block = output.GetSpan(length);
        BinaryPrimitives.WriteUInt32LittleEndian(block, type);
        BinaryPrimitives.WriteInt32LittleEndian(block[4..], length);
        body.CopyTo(block[8..]);
        BinaryPrimitives.WriteInt32LittleEndian(block[(length - 4)..], length);
        output.Advance(length);
    }
}
