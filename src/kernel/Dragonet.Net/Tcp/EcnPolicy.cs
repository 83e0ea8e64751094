namespace Dragonet.Net;

/// <summary>When connections use explicit congestion notification (RFC 3168), with the numbers of net.ipv4.tcp_ecn.</summary>
public enum EcnPolicy : byte
{
    Off = 0,

    /// <summary>Asked for, and granted to who asks.</summary>
    Request = 1,

    /// <summary>Granted to who asks.</summary>
    Accept = 2,
}
