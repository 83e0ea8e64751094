namespace Dragonet.Platform;

/// <summary>What a socket of the host carries.</summary>
public enum HostSocketKind
{
    /// <summary>TCP.</summary>
    Stream,

    /// <summary>UDP.</summary>
    Datagram,

    /// <summary>Echo requests and replies (icmp(7), "ping sockets").</summary>
    Echo,
}
