using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Linux.PacketSockets;

/// <summary>
/// A ring of frames to be sent (PACKET_TX_RING of packet(7), packet_mmap.rst; tpacket_snd of Linux). The guest may change a frame's header and data at any time:
/// both are copied, and what was copied is what is looked at and sent.
/// </summary>
internal sealed class SendRing(RingPart part, RingShape shape, RingRules rules)
{
    // Fields of struct tpacket_hdr, tpacket2_hdr and tpacket3_hdr, of which the first has a word of eight bytes at its beginning.
    private readonly int _statusPlace = shape.Version == PacketOption.TPACKET_V3 ? 20 : 0;
    private readonly int _lengthPlace = shape.Version switch { PacketOption.TPACKET_V1 => 8, PacketOption.TPACKET_V2 => 4, _ => 16 };
    private readonly int _offsetPlace = shape.Version switch { PacketOption.TPACKET_V1 => 16, PacketOption.TPACKET_V2 => 12, _ => 24 };
    private byte[] _data = [];
    private uint _next;

    public uint FrameCount => shape.FrameCount;

    /// <summary>The next frame is to be sent.</summary>
    public bool IsRequested => part.ReadWord(shape.PlaceOf(_next) + _statusPlace) == PacketOption.TP_STATUS_SEND_REQUEST;

    /// <summary>The next frame's data, until the next call: EMSGSIZE for too much of it, EINVAL for what is no frame.</summary>
    /// <param name="largest">The most that the interface takes.</param>
    public Result<ReadOnlyMemory<byte>> Read(int largest)
    {
        Span<byte> header = stackalloc byte[shape.HeaderSize];
        var place = shape.PlaceOf(_next);
        part.Read(place, header);
        if (shape.Version == PacketOption.TPACKET_V3 && BinaryPrimitives.ReadUInt32LittleEndian(header) != 0)
        {
            return Errno.EINVAL; // tp_next_offset: frames are of one size
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(header[_lengthPlace..]);
        if (length < 0 || length > Math.Min(shape.FrameSize - shape.HeaderSize, largest))
        {
            return length < 0 ? Errno.EINVAL : Errno.EMSGSIZE;
        }

        int start = shape.HeaderSize; // TPACKET_HDRLEN - sizeof(struct sockaddr_ll)
        if (rules.HasOffsets)
        {
            start = BinaryPrimitives.ReadUInt16LittleEndian(header[(_offsetPlace + (rules.HasHeader ? 0 : 2))..]); // tp_mac or tp_net
            if (start < shape.HeaderSize || start > shape.FrameSize - length)
            {
                return Errno.EINVAL;
            }
        }

        if (_data.Length < length)
        {
            _data = new byte[Math.Min(shape.FrameSize, Math.Max(length, 2048))];
        }

        part.Read(place + start, _data.AsSpan(0, length));
        return new ReadOnlyMemory<byte>(_data, 0, length);
    }

    /// <summary>The device has the next frame, or is about to (TP_STATUS_SENDING).</summary>
    public void Begin() => SetStatus(PacketOption.TP_STATUS_SENDING);

    /// <summary>The next frame was sent or left out: its place is free, and the one behind it is the next.</summary>
    public void Finish()
    {
        SetStatus(PacketOption.TP_STATUS_AVAILABLE);
        _next = (_next + 1) % shape.FrameCount;
    }

    /// <summary>The next frame cannot be sent, and stays the next until the user has mended it.</summary>
    public void Refuse() => SetStatus(PacketOption.TP_STATUS_WRONG_FORMAT);

    private void SetStatus(uint status)
    {
        Span<byte> word = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(word, status);
        part.Write(shape.PlaceOf(_next) + _statusPlace, word[..(shape.Version == PacketOption.TPACKET_V1 ? 8 : 4)]);
    }
}
