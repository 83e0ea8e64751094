using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Net;
using Dragonet.Platform;

namespace Dragonet.UserNet;

/// <summary>A published port with the host's socket that listens.</summary>
/// <param name="Port">The port.</param>
/// <param name="Socket">The socket.</param>
public sealed record OpenPort(PublishedPort Port, IHostSocket Socket)
{
    private const int Backlog = 128;

    /// <summary>Takes the port on the host.</summary>
    public static Result<OpenPort> Open(IHostNetwork network, PublishedPort port)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(port);
        if (!network.Open(port.IsUdp ? HostSocketKind.Datagram : HostSocketKind.Stream, !port.Host.Address.IsV4).Ok(out var socket, out var error))
        {
            return error;
        }

        error = socket.Bind(port.Host.ToHost());
        if (error == Errno.OK && !port.IsUdp)
        {
            error = socket.Listen(Backlog);
        }

        if (error != Errno.OK)
        {
            socket.Dispose();
            return error;
        }

        return new OpenPort(port with { Host = port.Host with { Port = socket.Local.Port } }, socket);
    }
}
