namespace Dragonet.Net;

/// <summary>An interface as a port of a bridge: what may pass here.</summary>
public sealed class BridgePort
{
    private readonly HashSet<ushort> _vlans = [VlanTag.DefaultVlan];
    private readonly HashSet<ushort> _untagged = [VlanTag.DefaultVlan];

    internal BridgePort(Bridge bridge, EthernetInterface link, int number)
    {
        Bridge = bridge;
        Link = link;
        Tree = new TreePort(this, number);
    }

    /// <summary>The bridge.</summary>
    public Bridge Bridge { get; }

    /// <summary>The interface.</summary>
    public EthernetInterface Link { get; }

    /// <summary>Senders of frames are remembered.</summary>
    public bool IsLearning { get; set; } = true;

    /// <summary>Frames for receivers whom nobody knows go out here, too.</summary>
    public bool IsFlooding { get; set; } = true;

    /// <summary>Private ports do not reach each other (if_bridge(4), "private"; Linux: isolated).</summary>
    public bool IsPrivate { get; set; }

    /// <summary>Who was learned here stays here (if_bridge(4), "sticky").</summary>
    public bool IsSticky { get; set; }

    /// <summary>The network of frames without a tag, when the bridge filters; 0 for none: they are dropped.</summary>
    public ushort PortVlan { get; set; } = VlanTag.DefaultVlan;

    /// <summary>What the spanning tree lets it do; forwarding when there is none.</summary>
    public PortState State => Bridge.Tree is null ? PortState.Forwarding : Tree.State;

    /// <summary>Part of the cost of a path through here (802.1D-1998, table 8-5).</summary>
    public int PathCost
    {
        get => Tree.PathCost;
        set => Tree.PathCost = value;
    }

    /// <summary>Most addresses that are remembered behind it. Frames of others are passed on all the same.</summary>
    public int MaxAddresses { get; set; } = int.MaxValue;

    internal TreePort Tree { get; }

    /// <summary>Addresses that are remembered behind it.</summary>
    internal int AddressCount { get; set; }

    /// <summary>Says whose frames may come in here; null for everybody's.</summary>
    internal SourceGuard? Guard { get; set; }

    /// <summary>Lets frames of a virtual network pass.</summary>
    /// <param name="vlan">1 to 4094.</param>
    /// <param name="untagged">They leave without a tag.</param>
    public void AllowVlan(ushort vlan, bool untagged)
    {
        _ = _vlans.Add(vlan);
        _ = untagged ? _untagged.Add(vlan) : _untagged.Remove(vlan);
    }

    /// <summary>Takes back <see cref="AllowVlan"/>.</summary>
    public void DenyVlan(ushort vlan)
    {
        _ = _vlans.Remove(vlan);
        _ = _untagged.Remove(vlan);
    }

    internal bool Allows(ushort vlan) => _vlans.Contains(vlan);

    internal bool IsUntagged(ushort vlan) => _untagged.Contains(vlan);
}
