namespace Dragonet.Net;

/// <summary>
/// A packet on its way through a stack: bytes with room in front for the headers of lower layers. It has one owner at a time;
/// who does not pass it on gives it back to the <see cref="PacketPool"/>.
/// </summary>
internal sealed class PacketBuffer
{
    /// <summary>Room for Ethernet with a tag, IPv6 with a fragment header, and what a link may add.</summary>
    public const int Headroom = 96;

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

    public Span<byte> Bytes => Data.AsSpan(Start, Length);

    /// <summary>Makes room for a header in front.</summary>
    public Span<byte> Prepend(int size)
    {
        Start -= size;
        Length += size;
        return Data.AsSpan(Start, size);
    }

    /// <summary>Somebody else has its bytes now.</summary>
    public void Abandon() => (Data, Start, Length) = ([], 0, 0);

    /// <summary>Drops a header.</summary>
    public void TrimFront(int size)
    {
        Start += size;
        Length -= size;
    }
}
