namespace Dragonet.Net;

/// <summary>What the spanning tree knows of a port (802.1D-1998, section 8.5.5).</summary>
internal sealed class TreePort(BridgePort port, int number)
{
    public BridgePort Port { get; } = port;

    /// <summary>Its priority, 128, and its number.</summary>
    public ushort Id { get; } = (ushort)(0x8000 | (number & 0xfff));

    public int PathCost { get; set; } = 4; // a gigabit

    public PortState State { get; set; } = PortState.Disabled;

    public ulong Root { get; set; }

    public uint Cost { get; set; }

    public ulong Bridge { get; set; }

    public ushort DesignatedPort { get; set; }

    /// <summary>The root has to hear of the change that was told here.</summary>
    public bool OwesAcknowledgement { get; set; }

    /// <summary>When what was heard here is too old.</summary>
    public long AgesAt { get; set; } = long.MaxValue;

    /// <summary>When the next state comes.</summary>
    public long ForwardsAt { get; set; } = long.MaxValue;

    public long NextDeadline => Math.Min(AgesAt, ForwardsAt);
}
