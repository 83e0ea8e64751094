namespace Dragonet.Net;

/// <summary>What is alive in a stack.</summary>
/// <param name="Connections">TCP connections in any state but CLOSED.</param>
/// <param name="TcpSockets">Open TCP sockets.</param>
/// <param name="DatagramSockets">Open UDP, ping and raw sockets.</param>
/// <param name="Packets">Packets in queues.</param>
/// <param name="Timers">Armed timers.</param>
/// <param name="BufferedBytes">Memory of socket buffers.</param>
/// <param name="Fragments">Packets that wait for more of their fragments.</param>
public readonly record struct StackCensus(int Connections, int TcpSockets, int DatagramSockets, int Packets, int Timers, long BufferedBytes, int Fragments);
