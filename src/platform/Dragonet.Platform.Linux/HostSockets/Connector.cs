using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.HostSockets;

/// <summary>
/// Connects to one UNIX socket, again and again, for a process that confines itself: it may make no sockets then, or whoever took it over could
/// talk with every program of the user. A little process beside it, made before, can connect to this one address and nothing else.
/// </summary>
public sealed unsafe class Connector : IDisposable
{
    /// <summary>unix(7), without the end.</summary>
    internal const int MaxPath = 107;

    private readonly HostFd _socket;
    private readonly int _pid;

    private Connector(int pid, HostFd socket) => (_pid, _socket) = (pid, socket);

    /// <summary>Starts the process.</summary>
    /// <param name="path">Where the socket is; it need not be there yet.</param>
    /// <exception cref="InvalidOperationException">The path is too long, or the host starts no processes.</exception>
    public static Connector Start(string path)
    {
        var (pid, socket) = MachineProgram.Start(ConnectorCode.Build(AddressOf(path)), "dragonet-connector", ConnectorCode.Socket);
        return new Connector(pid, socket);
    }

    /// <summary>Connects. Waits for the answer, which comes at once; one caller at a time.</summary>
    /// <returns>ENOENT or ECONNREFUSED when nobody listens; EAGAIN when too many are waiting to be accepted; EPIPE when the process has ended.</returns>
    public Result<FrameSocket> Connect()
    {
        byte one = 1;
        // SAFETY: one byte on the stack. MSG_NOSIGNAL.
        if (Host.Call(Nr.sendto, _socket.Number, (long)&one, 1, 0x4000, 0, 0) != 1)
        {
            return Errno.EPIPE;
        }

        Errno error;
        HostFd? received;
        long result;
        do
        {
            received = MachineProgram.Receive(_socket, out result, out error);
        }
        while (error == Errno.EINTR);

        return received is not null ? new FrameSocket(received) : result < 0 ? Host.ErrnoOf(result) : Errno.EPIPE;
    }

    /// <summary>Ends the process.</summary>
    public void Dispose()
    {
        _socket.Dispose();
        _ = Host.Call(Nr.wait4, _pid, 0, 0, 0);
    }

    internal static byte[] AddressOf(string path)
    {
        var bytes = Encoding.UTF8.GetBytes(path);
        return bytes.Length is 0 or > MaxPath ? throw new InvalidOperationException($"{path}: the path of a socket has at most {MaxPath} bytes") : [1, 0, .. bytes, 0];
    }
}
