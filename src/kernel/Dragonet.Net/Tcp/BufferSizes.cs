namespace Dragonet.Net;

/// <summary>How large a buffer of TCP is (tcp(7), tcp_rmem and tcp_wmem), in bytes of data.</summary>
/// <param name="Least">What Linux leaves every socket when memory is short; here that is 2,048 bytes.</param>
/// <param name="Initial">What a socket begins with.</param>
/// <param name="Most">How far it grows by itself.</param>
public readonly record struct BufferSizes(int Least, int Initial, int Most);
