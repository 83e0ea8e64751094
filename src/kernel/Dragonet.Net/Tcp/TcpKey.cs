namespace Dragonet.Net;

/// <summary>What tells connections apart.</summary>
internal readonly record struct TcpKey(IPAddress LocalAddress, ushort LocalPort, IPAddress RemoteAddress, ushort RemotePort);
