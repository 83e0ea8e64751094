using Dragonet.Abi;

namespace Dragonet.Kernel;

/// <summary>What others may know of a UNIX socket (sock_diag(7), /proc/net/unix).</summary>
/// <param name="Number">Its inode.</param>
/// <param name="Type">Its type.</param>
/// <param name="State">TCP_ESTABLISHED, TCP_CLOSE or TCP_LISTEN.</param>
/// <param name="Name">Its name: empty for none, beginning with NUL for an abstract one, else a path.</param>
/// <param name="FileNumber">The inode of the path, or 0.</param>
/// <param name="FileDevice">The device of the path.</param>
/// <param name="Peer">The inode of its peer, or 0.</param>
/// <param name="Callers">Of a listener, the inodes of those who wait; else null.</param>
/// <param name="ReadQueue">Bytes that can be read; of a listener, callers.</param>
/// <param name="WriteQueue">Bytes that the peer has not read; of a listener, most callers.</param>
/// <param name="Shutdown">1 when reading has ended, 2 when writing has.</param>
/// <param name="References">Who holds it.</param>
public sealed record UnixSocketInfo(
    ulong Number, SocketType Type, byte State, string Name, ulong FileNumber, ulong FileDevice, ulong Peer, IReadOnlyList<ulong>? Callers, int ReadQueue, int WriteQueue, byte Shutdown, int References);
