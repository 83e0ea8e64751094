using Dragonet.Abi;
using Dragonet.Platform;

namespace Dragonet.UserNet;

/// <summary>A TCP port of the host that leads to the guest.</summary>
internal sealed class TcpListenerFlow : Flow
{
    private readonly PublishedPort _port;

    internal TcpListenerFlow(UserGateway gateway, OpenPort open)
        : base(gateway, open.Socket)
    {
        _port = open.Port;
        Watch();
    }

    /// <inheritdoc/>
    public override void Pump()
    {
        _ = TakeEvents();
        while (Gateway.HasRoom && Socket.Accept(out _).Ok(out var caller, out var error) | error == Errno.ECONNABORTED)
        {
            if (caller is not null)
            {
                Gateway.Enter(caller, _port);
            }
        }
    }

    /// <inheritdoc/>
    protected override void Release()
    {
    }
}
