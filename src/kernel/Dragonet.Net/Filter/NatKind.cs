namespace Dragonet.Net;

/// <summary>Kinds of address translation, with the names of nft(8).</summary>
public enum NatKind : byte
{
    /// <summary>The sender becomes the interface that the packet leaves through.</summary>
    Masquerade,

    /// <summary>The sender becomes somebody else.</summary>
    Snat,

    /// <summary>The receiver becomes somebody else.</summary>
    Dnat,

    /// <summary>The receiver becomes this machine.</summary>
    Redirect,
}
