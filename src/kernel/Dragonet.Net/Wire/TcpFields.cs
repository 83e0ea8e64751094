namespace Dragonet.Net;

/// <summary>The fields of a TCP header that a sender chooses.</summary>
public readonly record struct TcpFields(uint Sequence, uint Acknowledgment, TcpFlags Flags, ushort Window, ushort Urgent = 0);
