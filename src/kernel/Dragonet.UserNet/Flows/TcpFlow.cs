using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Net;
using Dragonet.Platform;

namespace Dragonet.UserNet;

/// <summary>
/// A TCP connection of the guest and one of the host, end to end. Nothing is kept in between: bytes leave one end's buffer when the other
/// end takes them, so a slow reader on either side closes the sender's window on the other.
/// </summary>
internal abstract class TcpFlow(UserGateway gateway, IHostSocket socket) : Flow(gateway, socket)
{
    private TcpSocket? _guest;
    private WaitQueue.Entry? _entry;
    private byte[] _rest = []; // what the host gave and the guest's end had no memory for
    private bool _canRead;     // the host may have something
    private bool _canWrite;
    private bool _hostEnded;   // it sends no more
    private bool _guestEnded;

    /// <summary>The guest's end, once there is one.</summary>
    protected TcpSocket? Guest => _guest;

    /// <inheritdoc/>
    public sealed override void Pump()
    {
        var events = TakeEvents();
        const PollEvents end = PollEvents.POLLHUP | PollEvents.POLLERR | PollEvents.POLLRDHUP;
        _canRead |= (events & (PollEvents.POLLIN | end)) != 0;
        _canWrite |= (events & (PollEvents.POLLOUT | end)) != 0;
        if (!Connect(events) || _guest is not { } guest || IsClosed)
        {
            return;
        }

        if (!Outward(guest) || !Inward(guest))
        {
            Abort();
        }
        else if (_hostEnded && _guestEnded)
        {
            Dispose();
        }
    }

    /// <summary>Sees to the connection that is not there yet.</summary>
    /// <returns>True when both ends are.</returns>
    protected abstract bool Connect(PollEvents events);

    /// <summary>The guest's end is there.</summary>
    protected void Attach(TcpSocket guest)
    {
        _guest = guest;
        guest.Settings.NoDelay = true;
        _entry = guest.Queue.Add(this);
    }

    /// <summary>Resets both ends.</summary>
    protected void Abort()
    {
        Detach(hard: true);
        Socket.Abort();
        Dispose();
    }

    /// <inheritdoc/>
    protected override void Release()
    {
        Detach(hard: false);
        Gateway.Remove(this);
    }

    private void Detach(bool hard)
    {
        if (_guest is { } guest)
        {
            guest.Queue.Remove(_entry!);
            guest.Close(hard);
            _guest = null;
        }
    }

    /// <summary>From the guest to the host; false after a reset.</summary>
    private bool Outward(TcpSocket guest)
    {
        while (!_guestEnded && _canWrite)
        {
            var bytes = guest.Readable;
            if (bytes.IsEmpty)
            {
                if (guest.TakeError() != Errno.OK)
                {
                    return false;
                }

                if (guest.IsAtEnd)
                {
                    _guestEnded = true;
                    Socket.FinishSending();
                }

                break;
            }

            var sent = Socket.Send(bytes);
            if (sent.IsOk)
            {
                _ = guest.Discard(sent.Value);
            }
            else if (sent.Error == Errno.EAGAIN)
            {
                _canWrite = false;
            }
            else
            {
                return false;
            }
        }

        // A reset while the host takes nothing: nobody would look otherwise.
        return guest.State != TcpState.Closed || guest.TakeError() == Errno.OK;
    }

    /// <summary>From the host to the guest, as much as there is room for; false after a reset.</summary>
    private bool Inward(TcpSocket guest)
    {
        while (!_hostEnded)
        {
            if (_rest.Length > 0)
            {
                var put = guest.Send(_rest);
                _rest = put.IsOk ? _rest[put.Value..] : _rest;
                if (_rest.Length > 0)
                {
                    return put.IsOk || put.Error == Errno.EAGAIN;
                }
            }

            var room = Math.Min(guest.SendRoom, Gateway.Scratch.Length);
            if (!_canRead || room == 0)
            {
                return true;
            }

            var got = Socket.Receive(Gateway.Scratch.AsSpan(0, room));
            if (!got.IsOk)
            {
                _canRead = false;
                return got.Error == Errno.EAGAIN;
            }

            if (got.Value == 0)
            {
                _hostEnded = true;
                _ = guest.Shutdown(read: false, write: true);
                return true;
            }

            var bytes = Gateway.Scratch.AsSpan(0, got.Value);
            var sent = guest.Send(bytes);
            if (!sent.IsOk && sent.Error != Errno.EAGAIN)
            {
                return false;
            }

            _rest = sent.IsOk && sent.Value == bytes.Length ? [] : bytes[(sent.IsOk ? sent.Value : 0)..].ToArray();
        }

        return true;
    }
}
