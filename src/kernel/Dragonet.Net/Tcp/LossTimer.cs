namespace Dragonet.Net;

/// <summary>What the sender's timer is armed for; it is for one thing at a time.</summary>
internal enum LossTimer : byte
{
    None,

    /// <summary>Retransmission (RFC 6298).</summary>
    Retransmit,

    /// <summary>A probe at the tail (RFC 8985, section 7).</summary>
    TailProbe,

    /// <summary>Segments that may only be late (RFC 8985, section 6.2).</summary>
    Reorder,

    /// <summary>The window is closed (RFC 9293, section 3.8.6.1).</summary>
    Persist,
}
