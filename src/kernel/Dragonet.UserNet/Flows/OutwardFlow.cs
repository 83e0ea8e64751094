using Dragonet.Abi;
using Dragonet.Net;
using Dragonet.Platform;

namespace Dragonet.UserNet;

/// <summary>The guest connects to somebody outside. Its SYN is answered when the host's connection is there, or with why it is not.</summary>
internal sealed class OutwardFlow(UserGateway gateway, IHostSocket socket, Endpoint from, Endpoint to) : TcpFlow(gateway, socket)
{
    private bool _isConnected;

    internal Endpoint From => from;

    internal Endpoint To => to;

    /// <summary>Starts; the answer to the SYN so far.</summary>
    /// <param name="target">Where the host connects to.</param>
    internal SynVerdict Start(Endpoint target)
    {
        var error = Socket.Connect(target.ToHost());
        if (error is not (Errno.OK or Errno.EINPROGRESS))
        {
            Dispose();
            return VerdictOn(error);
        }

        Watch();
        return SynVerdict.Wait;
    }

    /// <summary>The guest has taken the connection.</summary>
    internal void Accept(TcpSocket guest)
    {
        Attach(guest);
        Gateway.Mark(this);
    }

    /// <inheritdoc/>
    protected override bool Connect(PollEvents events)
    {
        if (_isConnected)
        {
            return true;
        }

        if ((events & (PollEvents.POLLOUT | PollEvents.POLLERR | PollEvents.POLLHUP)) == 0)
        {
            return false;
        }

        var error = Socket.TakeError();
        _isConnected = error == Errno.OK;
        Gateway.Stack.AnswerSyn(from, to, VerdictOn(error));
        if (!_isConnected)
        {
            Dispose();
        }

        return false; // the guest's end comes with its next segment
    }

    private static SynVerdict VerdictOn(Errno error) => error switch
    {
        Errno.OK => SynVerdict.Accept,
        Errno.ECONNREFUSED or Errno.ECONNRESET => SynVerdict.Reset,
        Errno.ENETUNREACH or Errno.EADDRNOTAVAIL or Errno.EAFNOSUPPORT => SynVerdict.NetworkUnreachable,
        Errno.EHOSTUNREACH or Errno.EHOSTDOWN => SynVerdict.HostUnreachable,
        Errno.EACCES or Errno.EPERM => SynVerdict.Prohibited,
        _ => SynVerdict.Ignore, // ETIMEDOUT: the guest's own patience ends, too
    };
}
