using Dragonet.Abi;
using Dragonet.Net;
using Dragonet.Platform;

namespace Dragonet.UserNet;

/// <summary>Somebody outside has connected to a published port, and the gateway connects to the guest.</summary>
internal sealed class InwardFlow(UserGateway gateway, IHostSocket socket) : TcpFlow(gateway, socket)
{
    private bool _isConnected;

    internal void Start(Endpoint from, Endpoint to)
    {
        var guest = Gateway.Stack.CreateTcp(!to.Address.IsV4);
        Attach(guest);
        if (guest.Bind(from) != Errno.OK || guest.Connect(to) != Errno.EINPROGRESS)
        {
            Abort();
            return;
        }

        Watch();
    }

    /// <inheritdoc/>
    protected override bool Connect(PollEvents events)
    {
        if (_isConnected)
        {
            return true;
        }

        switch (Guest!.State)
        {
            case TcpState.SynSent or TcpState.SynReceived:
                return false;
            case TcpState.Closed:
                Abort(); // nobody serves: the caller sees a reset
                return false;
            default:
                _isConnected = true;
                return true;
        }
    }
}
