using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>
/// A packet on its way through a stack: bytes with room in front for the headers of lower layers. It has one owner at a time;
/// who does not pass it on gives it back to the <see cref="PacketPool"/>.
/// </summary>
internal sealed class PacketBuffer
{
    /// <summary>Room for Ethernet with a tag, IPv6 with a fragment header, and what a link may add.</summary>
    public const int Headroom = 96;

    private int _checksumAt = -1; // where a segment of TCP begins that has no checksum yet
    private ulong _pseudoHeader;

    public byte[] Data { get; set; } = [];

    public int Start { get; set; }

    public int Length { get; set; }

    /// <summary>The interface it came in through.</summary>
    public Interface? Input { get; set; }

    /// <summary>It never was on a wire, so its checksums were not computed.</summary>
    public bool IsLocal { get; set; }

    /// <summary>The copy for this machine of what it sent to a group or to everybody.</summary>
    public bool IsEcho { get; set; }

    /// <summary>A link with impairments changed it on purpose: checksums are to find out.</summary>
    public bool IsDamaged { get; set; }

    /// <summary>It came in fragments, which were put together here: it may leave in fragments again.</summary>
    public bool WasFragmented { get; set; }

    /// <summary>Sent to a link's broadcast address.</summary>
    public bool IsLinkBroadcast { get; set; }

    /// <summary>What goes between its IP header and its payload; null for nothing.</summary>
    public PacketOptions? Options { get; set; }

    /// <summary>Where its IP header begins, once it is delivered; what is behind it stays in the buffer.</summary>
    public int HeaderStart { get; set; }

    /// <summary>How long that is, with its options or extension headers.</summary>
    public int HeaderLength { get; set; }

    /// <summary>A copy of its IP header.</summary>
    public byte[] CopyHeader() => Data.AsSpan(HeaderStart, HeaderLength).ToArray();

    /// <summary>When it came, in nanoseconds.</summary>
    public long ReceivedAt { get; set; }

    /// <summary>What is in it.</summary>
    public Span<byte> Bytes
    {
        get
        {
            if (_checksumAt >= 0)
            {
                CompleteChecksum();
            }

            return Data.AsSpan(Start, Length);
        }
    }

    /// <summary>The same, for who looks at headers alone, or knows that no wire can damage it: the checksum of TCP may be missing.</summary>
    public Span<byte> Unfinished => Data.AsSpan(Start, Length);

    /// <summary>The segment of TCP that begins here has no checksum yet: it is computed for the first who looks at <see cref="Bytes"/>, and never
    /// for one that stays in memory until it is taken (as CHECKSUM_PARTIAL of Linux, and veth(4)).</summary>
    /// <param name="pseudoHeader">Sum of what is summed up besides the segment.</param>
    public void DeferChecksum(ulong pseudoHeader) => (_checksumAt, _pseudoHeader) = (Start, pseudoHeader);

    /// <summary>Somebody sees it who may not look through <see cref="Bytes"/>.</summary>
    public void CompleteChecksum()
    {
        if (_checksumAt >= 0)
        {
            var segment = Data.AsSpan(_checksumAt, Start + Length - _checksumAt);
            BinaryPrimitives.WriteUInt16BigEndian(segment[TcpSegment.ChecksumOffset..], InternetChecksum.Finish(InternetChecksum.Add(segment, _pseudoHeader)));
            _checksumAt = -1;
        }
    }

    /// <summary>It is used anew.</summary>
    public void Reset()
    {
        _checksumAt = -1;
        Input = null;
        Options = null;
        HeaderStart = HeaderLength = 0;
        IsLocal = WasFragmented = IsLinkBroadcast = IsDamaged = IsEcho = false;
    }

    /// <summary>Makes room for a header in front.</summary>
    public Span<byte> Prepend(int size)
    {
        Start -= size;
        Length += size;
        return Data.AsSpan(Start, size);
    }

    /// <summary>Somebody else has its bytes now.</summary>
    public void Abandon() => (Data, Start, Length, _checksumAt) = ([], 0, 0, -1);

    /// <summary>Drops a header.</summary>
    public void TrimFront(int size)
    {
        Start += size;
        Length -= size;
    }
}
