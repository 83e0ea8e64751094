namespace Dragonet.Net;

/// <summary>How a <see cref="FrameSwitch"/> works.</summary>
public sealed record FrameSwitchOptions
{
    /// <summary>It learns nothing: every frame goes to every port.</summary>
    public bool IsHub { get; init; }

    /// <summary>Senders are not checked.</summary>
    public bool IsOpen { get; init; }

    /// <summary>Whether a port may have more behind it than what it announced (<see cref="SwitchPortOptions.IsTrunk"/>).</summary>
    public bool AllowsTrunks { get; init; } = true;

    /// <summary>Most ports.</summary>
    public int MaxPorts { get; init; } = 1000;

    /// <summary>Most MAC addresses that it remembers.</summary>
    public int MaxAddresses { get; init; } = 4096;

    /// <summary>Most of them behind one port.</summary>
    public int MaxAddressesOfPort { get; init; } = 256;

    /// <summary>How long it remembers one after its last frame, in nanoseconds.</summary>
    public long AgeingTime { get; init; } = 300_000_000_000;

    /// <summary>What every link does to frames, in each direction; null for good ones.</summary>
    public LinkImpairment? Impairment { get; init; }
}
