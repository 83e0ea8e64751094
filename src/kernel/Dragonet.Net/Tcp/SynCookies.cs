namespace Dragonet.Net;

/// <summary>
/// Calls that nothing is kept of (RFC 4987, section 3.6; D. J. Bernstein's SYN cookies): the answer's sequence number says what must be
/// known when the caller confirms it, and a keyed hash of the addresses says that it was ours. With timestamps the caller echoes the
/// options too, in the six lowest bits, as Linux does it.
/// </summary>
internal sealed class SynCookies(KeyedHash hash)
{
    /// <summary>How long a cookie is good.</summary>
    public const long Life = OldestPeriod * Period;

    private const long Period = 64_000_000_000;
    private const uint OldestPeriod = 2;      // two minutes and a bit: longer than a caller repeats itself
    private const uint LowBits = 0x00ffffff;
    private const ulong Purpose = 16;
    private const uint ShiftBits = 0xf;
    private const uint NoShift = 0xf;         // 14 is the largest that there is (RFC 7323, section 2.3)
    private const uint SackBit = 1 << 4;
    private const uint EcnBit = 1 << 5;
    private const uint OptionBits = ShiftBits | SackBit | EcnBit;

    /// <summary>Segment sizes that a cookie can tell; the largest that is not above the caller's.</summary>
    private static ReadOnlySpan<ushort> SegmentsV4 => [536, 1300, 1440, 1460];

    private static ReadOnlySpan<ushort> SegmentsV6 => [1280 - 60, 1480 - 60, 1500 - 60, 9000 - 60];

    /// <summary>The initial sequence number that answers a call.</summary>
    public uint Make(in TcpKey key, uint peerSequence, ushort segment, long now)
    {
        var segments = key.LocalAddress.IsV4 ? SegmentsV4 : SegmentsV6;
        var index = segments.Length - 1;
        while (index > 0 && segments[index] > segment)
        {
            index--;
        }

        var count = (uint)(now / Period);
        return First(key) + peerSequence + (count << 24) + ((Second(key, count) + (uint)index) & LowBits);
    }

    /// <summary>The segment size that a cookie tells; 0 when it is none of ours, or too old.</summary>
    public ushort Check(in TcpKey key, uint cookie, uint peerSequence, long now)
    {
        var segments = key.LocalAddress.IsV4 ? SegmentsV4 : SegmentsV6;
        var present = (uint)(now / Period);
        cookie -= First(key) + peerSequence;
        var age = (present - (cookie >> 24)) & 0xff;
        if (age >= OldestPeriod)
        {
            return 0;
        }

        var index = (cookie - Second(key, present - age)) & LowBits;
        return index < (uint)segments.Length ? segments[(int)index] : (ushort)0;
    }

    /// <summary>A timestamp that is not above the present one and carries what the caller offered.</summary>
    public static uint MakeTimestamp(uint present, in TcpOptions offered, bool ecn)
    {
        var bits = offered.WindowScale < 0 ? NoShift : (uint)offered.WindowScale;
        bits |= (offered.SackPermitted ? SackBit : 0) | (ecn ? EcnBit : 0);
        var stamp = (present & ~OptionBits) | bits;
        return stamp > present ? stamp - (OptionBits + 1) : stamp;
    }

    /// <summary>What a caller offered, from the timestamp that it echoes.</summary>
    public static TcpOptions ReadTimestamp(in TcpOptions confirmed, ushort segment, out bool ecn)
    {
        var options = new TcpOptions { WindowScale = -1, MaximumSegment = segment };
        ecn = false;
        if (confirmed.HasTimestamp)
        {
            var bits = confirmed.TimestampEcho;
            options.HasTimestamp = true;
            options.TimestampValue = confirmed.TimestampValue;
            options.SackPermitted = (bits & SackBit) != 0;
            options.WindowScale = (bits & ShiftBits) is not NoShift and var shift ? Math.Min((int)shift, 14) : -1;
            ecn = (bits & EcnBit) != 0;
        }

        return options;
    }

    private uint First(in TcpKey key) => (uint)hash.Of(key, Purpose);

    private uint Second(in TcpKey key, uint count) => (uint)hash.Of(key, Purpose + 1 + ((ulong)count << 8));
}
