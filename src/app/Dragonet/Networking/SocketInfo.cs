namespace Dragonet.Networking;

/// <summary>A socket or connection of a jail.</summary>
/// <param name="Jail">The jail's name.</param>
/// <param name="Protocol">"tcp", "tcp6", "udp" or "udp6".</param>
/// <param name="State">As ss(8) calls it.</param>
/// <param name="Local">This side.</param>
/// <param name="Remote">The other side.</param>
/// <param name="ReceiveQueue">Bytes not read, or connections not accepted.</param>
/// <param name="SendQueue">Bytes not acknowledged.</param>
/// <param name="Owner">The user who made it.</param>
public sealed record SocketInfo(string Jail, string Protocol, string State, string Local, string Remote, long ReceiveQueue, long SendQueue, uint Owner);
