namespace Dragonet.Net;

/// <summary>What a packet is to the conversations that are known (nft(8), "ct state").</summary>
[Flags]
public enum FlowState
{
    /// <summary>The first of a conversation, or one that nobody has answered yet.</summary>
    New = 1,

    /// <summary>Of a conversation that both sides take part in.</summary>
    Established = 2,

    /// <summary>An ICMP error about one.</summary>
    Related = 4,

    /// <summary>An ICMP error about none, or a packet that is broken.</summary>
    Invalid = 8,
}
