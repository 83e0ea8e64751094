namespace Dragonet.Net;

/// <summary>What somebody says about himself who connects to a <see cref="FrameSwitch"/>. It is his as long as he stays.</summary>
public sealed record SwitchPortOptions
{
    /// <summary>Most addresses that one port can announce.</summary>
    public const int MaxAnnounced = 16;

    /// <summary>What he is called; for people.</summary>
    public string Name { get; init; } = "";

    /// <summary>His MAC address; null for the sender of his first frame.</summary>
    public EthernetAddress? HardwareAddress { get; init; }

    /// <summary>His IP addresses; none for any that no other port has announced.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

    /// <summary>There are others behind him: a bridge with jails, a router, a TAP device. They may be anybody whom no other port has announced.</summary>
    public bool IsTrunk { get; init; }
}
