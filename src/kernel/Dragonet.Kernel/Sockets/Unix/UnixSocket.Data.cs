using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>Sending and receiving through UNIX sockets.</summary>
public sealed partial class UnixSocket
{
    /// <inheritdoc/>
    public override Result<int> Send(ICaller caller, ReadOnlySpan<byte> data, in SendRequest request)
    {
        if (!CheckSend(caller, request).Ok(out var receiver, out var error))
        {
            return error;
        }

        Func<UnixRights>? rights = null;
        if (request.Rights is { Length: > 0 } files)
        {
            var uid = caller.Credentials.Uid;
            var limit = (caller as Task)?.Process.Limits[Rlimits.Files].Soft ?? ulong.MaxValue;
            if (_family.IsOverLimit(uid, limit) && !caller.Credentials.Has(Capability.CAP_SYS_RESOURCE) && !caller.Credentials.Has(Capability.CAP_SYS_ADMIN))
            {
                return Errno.ETOOMANYREFS;
            }

            rights = () => new UnixRights(_family, files, uid);
        }

        var time = IsDatagram && receiver.Options.ReceiveTimestamp != 0 ? _kernel.Clock.RealtimeNanoseconds : 0;
        var sent = receiver._incoming.Add(data, Options.SendBuffer, request.Credentials ?? CredentialsOf(caller), _name, rights, time);
        if (sent.IsOk)
        {
            _ = receiver._queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
        }

        return sent.Error == Errno.EPIPE && IsDatagram && receiver._isClosed ? Errno.ECONNREFUSED : sent;
    }

    /// <inheritdoc/>
    public override Result<int> GetRoom(int count)
    {
        var peer = _peer;
        return IsDatagram ? count : _isWriteShut ? Errno.EPIPE : peer is null ? Errno.ENOTCONN : peer._incoming.GetRoom(count, Options.SendBuffer);
    }

    /// <inheritdoc/>
    public override Result<int> GetRoom(ICaller caller, int count, in SendRequest request)
        => CheckSend(caller, request).Ok(out var receiver, out var error) ? receiver._incoming.GetRoom(count, Options.SendBuffer) : error;

    /// <inheritdoc/>
    public override WaitQueue? GetSendQueue(ICaller caller, byte[]? address) =>
        IsDatagram && address is not null && GetReceiver(caller, address).Ok(out var receiver, out _) ? receiver._incoming.Space : null;

    /// <inheritdoc/>
    public override Result<int> Receive(ICaller caller, Span<byte> buffer, MsgFlags flags, out Received received)
    {
        received = default;
        if ((flags & MsgFlags.MSG_OOB) != 0)
        {
            return Errno.EOPNOTSUPP;
        }

        if (!IsDatagram && !_isConnected)
        {
            return Type == SocketType.SOCK_STREAM ? Errno.EINVAL : Errno.ENOTCONN;
        }

        if (buffer.IsEmpty && Type == SocketType.SOCK_STREAM)
        {
            return 0;
        }

        var peek = (flags & MsgFlags.MSG_PEEK) != 0;
        // Looked at before the queue: what the peer sent before it closed is still there then.
        var isAtEnd = _isReadShut;
        if (Type == SocketType.SOCK_STREAM && !peek && !NonBlocking && (flags & MsgFlags.MSG_DONTWAIT) == 0 && !isAtEnd
            && _incoming.Count < Math.Min(Options.ReceiveLowWater, buffer.Length) && Volatile.Read(ref _error) == 0)
        {
            return Errno.EAGAIN; // SO_RCVLOWAT
        }

        var skip = peek ? Math.Max(Options.PeekOffset, 0) : 0;
        var taken = _incoming.Take(buffer, peek, Options.PassCredentials, out var segment, skip);
        if (!taken.IsOk)
        {
            var error = TakeError();
            return error != Errno.OK ? error : isAtEnd ? 0 : Errno.EAGAIN;
        }

        Options.MovePeekOffset(peek || Type == SocketType.SOCK_STREAM ? taken.Value : segment.Length, peek);
        received.FullLength = segment.Length;
        received.Credentials = Options.PassCredentials ? segment.Credentials : null;
        if (Type != SocketType.SOCK_STREAM)
        {
            received.Flags = segment.Length > taken.Value ? MsgFlags.MSG_TRUNC : MsgFlags.None;
        }

        if (segment.SentAt != 0 && Options.ReceiveTimestamp != 0)
        {
            received.Controls = [Options.TimestampMessage(segment.SentAt)];
        }

        if (IsDatagram)
        {
            received.Address = segment.Sender.Length > 0 ? UnixAddress.Format(segment.Sender) : null;
        }

        received.Rights = segment.Rights is { } rights ? peek ? rights.Duplicate() : rights.Deliver() : null;
        if (!peek)
        {
            _ = _incoming.Space.Wake(PollEvents.POLLOUT | PollEvents.POLLWRNORM | PollEvents.POLLWRBAND);
            _ = _peer?._queue.Wake(PollEvents.POLLOUT | PollEvents.POLLWRNORM | PollEvents.POLLWRBAND);
        }

        return taken;
    }

    /// <summary>What is wrong with a message whatever its data and the room for it.</summary>
    private Result<UnixSocket> CheckSend(ICaller caller, in SendRequest request)
    {
        if ((request.Flags & MsgFlags.MSG_OOB) != 0)
        {
            return Errno.EOPNOTSUPP;
        }

        // SCM_RIGHTS and SCM_CREDENTIALS are all that goes here; what is of another level is passed over (unix(7)).
        if (request.Controls?.Any(static control => control.Level == SocketOption.SOL_SOCKET) == true)
        {
            return Errno.EINVAL;
        }

        var receiver = GetReceiver(caller, request.Address);
        return receiver.IsOk && _isWriteShut ? Errno.EPIPE : receiver;
    }

    private Result<UnixSocket> GetReceiver(ICaller caller, byte[]? address)
    {
        var peer = _peer;
        if (!IsDatagram)
        {
            if (address is not null && Type == SocketType.SOCK_STREAM)
            {
                return peer is null ? Errno.EOPNOTSUPP : Errno.EISCONN;
            }

            return TakeErrorForSend() is not Errno.OK and var failure ? failure : peer is null ? Errno.ENOTCONN : peer;
        }

        if (address is null)
        {
            if (peer is null)
            {
                return Errno.ENOTCONN;
            }

            return peer._isClosed ? Errno.ECONNREFUSED : peer;
        }

        if (!Resolve(caller, address).Ok(out var target, out var error))
        {
            return error;
        }

        // A connected receiver takes from its peer only.
        return target._peer is { } other && other != this ? Errno.EPERM : target;
    }

    /// <summary>A reset connection tells a sender EPIPE, as any closed one; the reset itself is for the reader.</summary>
    private Errno TakeErrorForSend() => _isWriteShut ? Errno.EPIPE : Errno.OK;
}
