using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>The options of a TCP segment that matter here (RFC 9293, section 3.2; RFC 7323; RFC 2018).</summary>
public struct TcpOptions
{
    /// <summary>Most bytes of options in a header.</summary>
    public const int MaxSize = 40;

    /// <summary>Most SACK blocks in a header.</summary>
    public const int MaxBlocks = 4;

    private SackBlocks _blocks;

    /// <summary>Maximum segment size, or 0.</summary>
    public ushort MaximumSegment { get; set; }

    /// <summary>The window's shift, or -1.</summary>
    public int WindowScale { get; set; }

    /// <summary>SACK-permitted.</summary>
    public bool SackPermitted { get; set; }

    /// <summary>There is a timestamp.</summary>
    public bool HasTimestamp { get; set; }

    public uint TimestampValue { get; set; }

    public uint TimestampEcho { get; set; }

    /// <summary>Fast open (RFC 7413): a cookie of 4 to 16 bytes, empty to ask for one; null for no such option.</summary>
    public byte[]? FastOpenCookie { get; set; }

    /// <summary>How many blocks there are.</summary>
    public int BlockCount { get; private set; }

    /// <summary>One SACK block: left edge, right edge.</summary>
    public readonly (uint Left, uint Right) Block(int index) => _blocks[index];

    /// <summary>Adds a SACK block; true when there was room.</summary>
    public bool AddBlock(uint left, uint right)
    {
        if (BlockCount == (HasTimestamp ? MaxBlocks - 1 : MaxBlocks))
        {
            return false;
        }

        _blocks[BlockCount++] = (left, right);
        return true;
    }

    /// <summary>Reads options. Unknown ones are skipped; a broken length ends the list (RFC 9293, MUST-6 and MUST-7).</summary>
    public static TcpOptions Parse(ReadOnlySpan<byte> bytes)
    {
        var options = new TcpOptions { WindowScale = -1 };
        while (!bytes.IsEmpty && bytes[0] != 0)
        {
            if (bytes[0] == 1)
            {
                bytes = bytes[1..];
                continue;
            }

            if (bytes.Length < 2 || bytes[1] < 2 || bytes[1] > bytes.Length)
            {
                break;
            }

            options.Take(bytes[0], bytes[2..bytes[1]]);
            bytes = bytes[bytes[1]..];
        }

        return options;
    }

    /// <summary>Writes them.</summary>
    /// <param name="bytes">At least <see cref="MaxSize"/> bytes.</param>
    /// <returns>How many bytes: a multiple of four.</returns>
    public readonly int Write(Span<byte> bytes)
    {
        var at = 0;
        if (MaximumSegment != 0)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, 0x02040000u | MaximumSegment);
            at += 4;
        }

        if (HasTimestamp)
        {
            // Two no-operations in front align the values (RFC 7323, appendix A).
            BinaryPrimitives.WriteUInt32BigEndian(bytes[at..], SackPermitted ? 0x0402080au : 0x0101080au);
            BinaryPrimitives.WriteUInt32BigEndian(bytes[(at + 4)..], TimestampValue);
            BinaryPrimitives.WriteUInt32BigEndian(bytes[(at + 8)..], TimestampEcho);
            at += 12;
        }
        else if (SackPermitted)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes[at..], 0x01010402);
            at += 4;
        }

        if (WindowScale >= 0)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes[at..], 0x01030300u | (uint)WindowScale);
            at += 4;
        }

        if (FastOpenCookie is { } cookie && at + 4 + cookie.Length <= MaxSize)
        {
            var size = (2 + cookie.Length + 3) & ~3;
            bytes.Slice(at, size).Fill(1);
            (bytes[at], bytes[at + 1]) = (34, (byte)(2 + cookie.Length));
            cookie.CopyTo(bytes[(at + 2)..]);
            at += size;
        }

        if (BlockCount > 0)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes[at..], 0x01010500u | (uint)(2 + 8 * BlockCount));
            at += 4;
            for (var i = 0; i < BlockCount; i++, at += 8)
            {
                BinaryPrimitives.WriteUInt32BigEndian(bytes[at..], _blocks[i].Left);
                BinaryPrimitives.WriteUInt32BigEndian(bytes[(at + 4)..], _blocks[i].Right);
            }
        }

        return at;
    }

    private void Take(byte kind, ReadOnlySpan<byte> value)
    {
        switch (kind)
        {
            case 2 when value.Length == 2:
                MaximumSegment = BinaryPrimitives.ReadUInt16BigEndian(value);
                break;
            case 3 when value.Length == 1:
                WindowScale = Math.Min(value[0], (byte)14); // RFC 7323, section 2.3
                break;
            case 4 when value.IsEmpty:
                SackPermitted = true;
                break;
            case 5 when value.Length % 8 == 0:
                for (; !value.IsEmpty && BlockCount < MaxBlocks; value = value[8..])
                {
                    _blocks[BlockCount++] = (BinaryPrimitives.ReadUInt32BigEndian(value), BinaryPrimitives.ReadUInt32BigEndian(value[4..]));
                }

                break;
            case 34 when value.Length is 0 or (>= 4 and <= 16 and not (5 or 7 or 9 or 11 or 13 or 15)):
                FastOpenCookie = value.ToArray();
                break;
            case 8 when value.Length == 8:
                HasTimestamp = true;
                TimestampValue = BinaryPrimitives.ReadUInt32BigEndian(value);
                TimestampEcho = BinaryPrimitives.ReadUInt32BigEndian(value[4..]);
                break;
        }
    }

    [System.Runtime.CompilerServices.InlineArray(MaxBlocks)]
    private struct SackBlocks
    {
        private (uint Left, uint Right) _first;
    }
}
