namespace Dragonet.Net;

/// <summary>What a port of a bridge does (802.1D-1998, section 8.4).</summary>
public enum PortState
{
    /// <summary>It is down.</summary>
    Disabled,

    /// <summary>It listens and sends nothing.</summary>
    Listening,

    /// <summary>It learns where senders are.</summary>
    Learning,

    /// <summary>Frames pass.</summary>
    Forwarding,

    /// <summary>A loop would close here.</summary>
    Blocking,
}
