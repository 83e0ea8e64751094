namespace Dragonet.Net;

/// <summary>What a bad link does to frames, in one direction. The same seed does the same to the same frames.</summary>
public sealed record LinkImpairment
{
    /// <summary>Where chance begins.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>How long each frame takes, in nanoseconds.</summary>
    public long Delay { get; init; }

    /// <summary>Up to how much longer, in nanoseconds; the order stays.</summary>
    public long Jitter { get; init; }

    /// <summary>Part of the frames that is lost, 0 to 1.</summary>
    public double Loss { get; init; }

    /// <summary>Part that comes twice.</summary>
    public double Duplication { get; init; }

    /// <summary>Part that overtakes the frames before it: it takes no time.</summary>
    public double Reordering { get; init; }

    /// <summary>Part of which one bit is wrong.</summary>
    public double Corruption { get; init; }

    /// <summary>Bits per second; 0 for as fast as it goes.</summary>
    public long Rate { get; init; }

    /// <summary>Nothing passes.</summary>
    public bool IsPartitioned { get; init; }

    /// <summary>Most frames that wait for the rate or the delay; of more the newest are lost.</summary>
    public int Queue { get; init; } = 1000;
}
