using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>A TCP socket (tcp(7)): not connected, listening, or the user's end of a connection.</summary>
public sealed partial class TcpSocket : IPortUser, ISocket
{
    private readonly TcpLayer _layer;
    private TcpConnection? _connection;
    private bool _isBound;
    private bool _isReadShut;
    private bool _isClosed;
    private Endpoint? _deferred;     // TCP_FASTOPEN_CONNECT: to whom the first data goes with the SYN
    private ErrorQueue? _errors;
    private bool _isConnectPending; // a connect(2) waits for its result
    private Errno _error;

    internal TcpSocket(TcpLayer layer, bool isV6)
    {
        _layer = layer;
        IsV6 = isV6;
        Local = new Endpoint(isV6 ? IPAddress.AnyV6 : IPAddress.AnyV4, 0);
        Settings = Stack.TcpMemory.CreateSettings();
        layer.SocketCount++;
    }

    private TcpSocket(TcpLayer layer, TcpConnection connection, bool isV6)
        : this(layer, isV6)
    {
        _connection = connection;
        Local = connection.Local;
        Settings = connection.Settings;
        connection.Socket = this;
        connection.Listener = null;
    }

    /// <summary>Woken when something changes.</summary>
    public WaitQueue Queue { get; } = new();

    /// <summary>Of family AF_INET6.</summary>
    public bool IsV6 { get; }

    /// <summary>Called when the peer says that urgent data is on its way (SIGURG); it only marks.</summary>
    public Action? UrgentAnnounced { get; set; }

    /// <summary>Anything the user wants to find again.</summary>
    public object? Tag { get; set; }

    /// <summary>This side's address; port 0 when it has none.</summary>
    public Endpoint Local { get; private set; }

    /// <summary>The other side's address, or null.</summary>
    public Endpoint? Remote => _connection is { State: not (TcpState.Closed or TcpState.SynSent) } connection ? connection.Remote : null;

    public TcpSettings Settings { get; private set; }

    /// <summary>The state, as TCP_INFO and /proc/net/tcp tell it.</summary>
    public TcpState State => IsListening ? TcpState.Listen : _connection?.State ?? TcpState.Closed;

    /// <summary>Bytes that were not acknowledged (SIOCOUTQ).</summary>
    public int OutgoingCount => _connection?.OutgoingCount ?? 0;

    /// <summary>Bytes that can be read (SIOCINQ).</summary>
    public int IncomingCount => _connection?.IncomingCount ?? 0;

    /// <summary>Room for bytes to be sent.</summary>
    public int SendRoom => _connection?.SendRoom ?? 0;

    /// <summary>How many of so many bytes <see cref="Send"/> would take; all of them where it would answer something else.</summary>
    public int FindRoom(int wanted)
        => _error == Errno.OK && _deferred is null && _connection is { IsSendEnded: false, State: TcpState.Established or TcpState.CloseWait } connection
            ? connection.FindRoom(wanted) : wanted;

    /// <summary>The peer will send no more, and what it sent was read; or the connection is over.</summary>
    public bool IsAtEnd => _connection is not { } connection || (connection.IsReceiveEnded && !connection.HasUnread);

    /// <summary>The next byte is the urgent one (SIOCATMARK).</summary>
    public bool IsAtMark => _connection?.IsAtMark ?? false;

    /// <summary>Received bytes without a copy: those that lie in one piece. They are taken with <see cref="Discard"/>.</summary>
    public ReadOnlySpan<byte> Readable => _connection is { } connection ? connection.Readable : default;

    IPAddress IPortUser.BoundAddress => Local.Address;

    AddressSet? IPortUser.Addresses => Settings.Addresses;

    int IPortUser.BoundInterface => Settings.BoundInterface;

    bool IPortUser.IsV6Only => Settings.IsV6Only;

    bool IPortUser.ReuseAddress => Settings.ReuseAddress;

    bool IPortUser.ReusePort => Settings.ReusePort;

    uint IPortUser.Owner => Settings.Owner;

    private Stack Stack => _layer.Stack;

    /// <summary>bind(2): EINVAL when bound, EADDRNOTAVAIL for an address that is not here, EADDRINUSE.</summary>
    public Errno Bind(Endpoint local) => Bind(local, mustHavePort: false);

    private Errno Bind(Endpoint local, bool mustHavePort)
    {
        if (_isBound || _connection is not null || _isClosed)
        {
            return _isClosed ? Errno.EBADF : Errno.EINVAL;
        }

        if (Settings.Addresses is { } addresses)
        {
            if (addresses.Narrow(local.Address) is not { } own)
            {
                return Errno.EADDRNOTAVAIL;
            }

            local = local with { Address = own };
        }

        if (!local.Address.IsUnspecified && !Settings.BindsFreely && !Stack.IsLocal(local.Address))
        {
            return Errno.EADDRNOTAVAIL;
        }

        Local = local with { Port = 0 };
        if (Settings.DefersPort && local.Port == 0 && !mustHavePort)
        {
            return Errno.OK; // ip(7), IP_BIND_ADDRESS_NO_PORT: connect(2) chooses one by both addresses
        }

        if (!_layer.Ports.Bind(local.Port, this, range: Settings.PortRange).Ok(out var port, out var error))
        {
            Local = new Endpoint(IsV6 ? IPAddress.AnyV6 : IPAddress.AnyV4, 0);
            return error;
        }

        Local = local with { Port = port };
        _isBound = true;
        return Errno.OK;
    }

    /// <summary>What waits for MSG_ERRQUEUE.</summary>
    public ErrorQueue Errors => _errors ??= new ErrorQueue();

    /// <summary>MSG_ERRQUEUE: the oldest entry, or null.</summary>
    public SocketError? TakeQueuedError() => _errors?.Take();

    /// <summary>SO_TIMESTAMPING.</summary>
    /// <returns>EINVAL: bytes have numbers on a connection only.</returns>
    public Errno SetTimestamping(uint flags)
    {
        const uint numbered = SocketOption.SOF_TIMESTAMPING_OPT_ID;
        if ((flags & ~Errors.Timestamping & numbered) != 0)
        {
            if (_connection is not { State: not (TcpState.Closed or TcpState.Listen) } connection)
            {
                return Errno.EINVAL;
            }

            Errors.Key = (flags & SocketOption.SOF_TIMESTAMPING_OPT_ID_TCP) != 0 ? connection.SendPositions.Next : connection.SendPositions.Unacknowledged;
        }

        Errors.Timestamping = flags;
        return Errno.OK;
    }

    /// <summary>What the sender wants to know about what it has just written.</summary>
    /// <param name="timestamping">SOF_TIMESTAMPING_TX_*, or null for what the socket says.</param>
    /// <param name="zeroCopy">The first part of a call with MSG_ZEROCOPY.</param>
    public void TellSent(uint? timestamping, bool zeroCopy)
    {
        if (_errors is not { } errors || _connection is not { } connection)
        {
            return;
        }

        if (zeroCopy && errors.TellsCopies)
        {
            errors.TellCopied();
            _ = Queue.Wake(errors.Events);
        }

        const uint times = SocketOption.SOF_TIMESTAMPING_TX_SOFTWARE | SocketOption.SOF_TIMESTAMPING_TX_SCHED | SocketOption.SOF_TIMESTAMPING_TX_ACK;
        if ((timestamping ?? errors.Timestamping) is var wanted && (wanted & times) != 0)
        {
            var number = (errors.Timestamping & SocketOption.SOF_TIMESTAMPING_OPT_ID) != 0 ? (uint)(connection.SendPositions.Next - 1 - errors.Key) : 0;
            connection.Stamp(number, wanted & times);
        }
    }

    /// <summary>sendto(2) with MSG_FASTOPEN: connect(2) and the first data at once (RFC 7413). EINPROGRESS when the server's cookie is not known:
    /// the data has to be sent again when there is a connection.</summary>
    public Result<int> ConnectWithData(Endpoint remote, ReadOnlySpan<byte> data)
    {
        _firstData = data.ToArray();
        _deferred = null;
        var error = Start(remote, fastOpen: true);
        return error == Errno.EINPROGRESS && _connection is { } connection && connection.OutgoingCount is > 0 and var count ? count : error;
    }

    /// <summary>There is a connection, or an attempt.</summary>
    public bool HasConnection => _connection is not null;

    /// <summary>connect(2): EINPROGRESS at first, then EALREADY; the result comes with POLLOUT and <see cref="TakeError"/>.</summary>
    public Errno Connect(Endpoint remote)
    {
        if (IsListening)
        {
            return Errno.EISCONN;
        }

        if (_connection is { } connection)
        {
            return ConnectResult(connection);
        }

        if (Settings.FastOpenConnect && (Stack.Options.FastOpen & 1) != 0 && _deferred is null && (Settings.FastOpenWithoutCookie || _layer.FindPeer(remote.Address) is not null))
        {
            _deferred = remote; // tcp(7), TCP_FASTOPEN_CONNECT
            return Errno.OK;
        }

        return _deferred is null ? Start(remote, Settings.FastOpenConnect && (Stack.Options.FastOpen & 1) != 0) : Errno.EISCONN;
    }

    private byte[] _firstData = [];

    private Errno Start(Endpoint remote, bool fastOpen)
    {
        if (_isClosed)
        {
            return Errno.EBADF; // the call began before the last close, and comes behind it
        }

        if (remote.Scope == 0)
        {
            remote = remote with { Scope = Settings.BoundInterface };
        }

        var address = !remote.Address.IsUnspecified ? remote.Address : remote.Address.IsV4 ? IPAddress.LoopbackV4 : IPAddress.LoopbackV6;
        if (address.IsMulticast || Stack.IsBroadcast(address))
        {
            return Errno.ENETUNREACH;
        }

        if (!Stack.Resolve(address, remote.Scope, new RouteQuery(Local.Address.IsUnspecified ? null : Local.Address, Settings.Mark)).Ok(out var path, out var error))
        {
            return error;
        }

        var free = Settings.Addresses is { } addresses ? addresses.SourceFor(path.Source, address) : path.Source;
        if ((Local.Address.IsUnspecified ? free : Local.Address) is not { } source || source.IsV4 != address.IsV4)
        {
            return Errno.ENETUNREACH;
        }

        var port = Local.Port;
        if (port == 0 && !_layer.ChoosePort(source, address, remote.Port, Settings.PortRange).Ok(out port, out error))
        {
            return error;
        }

        if (!_layer.Reuse(new TcpKey(source, port, address, remote.Port)))
        {
            return Errno.EADDRNOTAVAIL;
        }

        Local = new Endpoint(source, port, remote.Scope);
        _isConnectPending = true;
        _connection = new TcpConnection(_layer, Local, remote with { Address = address }, Settings, this) { IsV6Socket = IsV6 };
        if (fastOpen)
        {
            var (cookie, segment) = _layer.FindPeer(address) ?? ([], 0);
            _ = _connection.OpenWithData(cookie, segment, _firstData, Settings.FastOpenWithoutCookie || (Stack.Options.FastOpen & 4) != 0);
            _firstData = [];
        }
        else
        {
            _connection.Open();
        }

        return Errno.EINPROGRESS;
    }

    Errno ISocket.Connect(Endpoint? remote) => remote is { } peer ? Connect(peer) : Disconnect();

    /// <summary>connect(2) to AF_UNSPEC: the connection is reset, or the socket stops listening; it can be used anew.</summary>
    public Errno Disconnect()
    {
        StopListening();
        var connection = _connection;
        _connection = null;
        _isConnectPending = _isReadShut = false;
        _deferred = null;
        _error = Errno.OK;
        connection?.Close(hard: true);
        Local = _isBound ? Local : new Endpoint(IsV6 ? IPAddress.AnyV6 : IPAddress.AnyV4, 0);
        _ = Queue.Wake();
        return Errno.OK;
    }

    /// <summary>send(2): as much as there is room for; EAGAIN when there is none.</summary>
    /// <param name="data">The bytes.</param>
    /// <param name="more">MSG_MORE: a segment that is not full may wait for more data.</param>
    /// <param name="urgent">MSG_OOB: the last byte is urgent (RFC 6093).</param>
    public Result<int> Send(ReadOnlySpan<byte> data, bool more = false, bool urgent = false)
    {
        if (TakeError() is not Errno.OK and var error)
        {
            return error;
        }

        if (_deferred is { } peer)
        {
            return ConnectWithData(peer, data);
        }

        if (_connection is not { } connection || connection.IsSendEnded)
        {
            return Errno.EPIPE;
        }

        if (connection.State is TcpState.SynSent or TcpState.SynReceived)
        {
            return Errno.EAGAIN;
        }

        var count = data.IsEmpty ? 0 : connection.Write(data, more, urgent);
        return count > 0 || data.IsEmpty ? count : Errno.EAGAIN;
    }

    /// <summary>send(2) of a large piece, which is not copied.</summary>
    /// <param name="block">An array of the process-wide pool; not the caller's any more when it is taken.</param>
    /// <param name="count">How much is in it.</param>
    /// <returns>False when <see cref="Send"/> is to be asked.</returns>
    public bool SendBlock(byte[] block, int count) => _error == Errno.OK && _connection is { Error: Errno.OK, IsSendEnded: false, State: not (TcpState.SynSent or TcpState.SynReceived) } connection
        && connection.WriteBlock(block, count);

    /// <summary>recv(2) of large pieces, which are not copied.</summary>
    /// <param name="wanted">How many bytes.</param>
    /// <param name="blocks">Receives arrays of the process-wide pool, which are the caller's then.</param>
    /// <returns>How many bytes; 0 when <see cref="Receive"/> is to be asked.</returns>
    public int ReceiveBlocks(int wanted, Span<ArraySegment<byte>> blocks) => _connection?.TakeBlocks(wanted, blocks) ?? 0;

    /// <summary>recv(2): 0 at the end of the stream, EAGAIN when there is nothing yet.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="peek">MSG_PEEK.</param>
    /// <param name="skip">SO_PEEK_OFF.</param>
    public Result<int> Receive(Span<byte> destination, bool peek = false, int skip = 0)
    {
        if (_connection is not { } connection)
        {
            return IsListening || _error == Errno.OK ? Errno.ENOTCONN : TakeError();
        }

        var count = connection.Read(destination, peek, skip);
        return count > 0 || destination.IsEmpty ? count : ReceiveNothing(connection);
    }

    /// <summary>recv(2) with MSG_OOB: the urgent byte. EINVAL when there is none, or it is in the stream; EAGAIN when it has not come.</summary>
    public Result<int> ReceiveUrgent(Span<byte> destination, bool peek)
    {
        if (_connection is not { } connection || (connection.State == TcpState.Closed && !connection.HasUrgent))
        {
            return Settings.UrgentInline ? Errno.EINVAL : Errno.ENOTCONN;
        }

        var result = connection.ReadUrgent(destination, peek);
        return result.Error == Errno.EAGAIN && (_isReadShut || connection.IsReceiveEnded) ? 0 : result;
    }

    /// <summary>Drops received data (MSG_TRUNC).</summary>
    public Result<int> Discard(int most)
    {
        if (_connection is not { } connection)
        {
            return Errno.ENOTCONN;
        }

        var count = Math.Min(most, connection.IncomingCount);
        if (count == 0)
        {
            return most == 0 ? 0 : ReceiveNothing(connection);
        }

        connection.Consume(count);
        return count;
    }

    /// <summary>shutdown(2).</summary>
    public Errno Shutdown(bool read, bool write)
    {
        if (IsListening)
        {
            if (read)
            {
                StopListening();
            }

            return Errno.OK;
        }

        if (_connection is not { State: not (TcpState.Closed or TcpState.SynSent) } connection)
        {
            if (_connection is { State: TcpState.SynSent } attempt)
            {
                // The end of the attempt.
                attempt.Remove(Errno.ECONNRESET);
                return Errno.OK;
            }

            return Errno.ENOTCONN;
        }

        _isReadShut |= read;
        if (write)
        {
            connection.Finish();
        }

        _ = Queue.Wake();
        return Errno.OK;
    }

    /// <summary>The state for poll(2).</summary>
    public PollEvents Poll()
    {
        if (IsListening)
        {
            return PendingCount > 0 ? PollEvents.POLLIN | PollEvents.POLLRDNORM : PollEvents.None;
        }

        const PollEvents writable = PollEvents.POLLOUT | PollEvents.POLLWRNORM;
        if (_connection is not { } connection)
        {
            return writable | (_deferred is null ? PollEvents.POLLHUP : 0) | (_error != Errno.OK ? PollEvents.POLLERR : 0);
        }

        var events = _errors?.Events ?? PollEvents.None;
        if (connection.Error != Errno.OK || _error != Errno.OK)
        {
            events |= PollEvents.POLLERR;
        }

        var readEnded = _isReadShut || connection.IsReceiveEnded;
        if (readEnded)
        {
            events |= PollEvents.POLLIN | PollEvents.POLLRDNORM | PollEvents.POLLRDHUP;
        }

        if (connection.State == TcpState.Closed || (readEnded && connection.IsSendEnded))
        {
            events |= PollEvents.POLLHUP;
        }

        if (connection.State is TcpState.SynSent or TcpState.SynReceived)
        {
            return connection.HasUnread && connection.State == TcpState.SynReceived ? events | PollEvents.POLLIN | PollEvents.POLLRDNORM : events;
        }

        if (connection.HasUnread && (HasWanted(Settings.ReceiveLowWater) || connection.HasUrgent))
        {
            events |= PollEvents.POLLIN | PollEvents.POLLRDNORM;
        }

        if (connection.HasUrgent)
        {
            events |= PollEvents.POLLPRI;
        }

        return connection.IsSendEnded || connection.SendRoom >= Settings.SendBuffer / 3 ? events | writable : events;
    }

    /// <summary>SO_ERROR: the pending error, which is cleared.</summary>
    public Errno TakeError()
    {
        var error = _error;
        _error = Errno.OK;
        if (error == Errno.OK && _connection is { } connection)
        {
            error = connection.Error;
            connection.Error = Errno.OK;
            _isConnectPending &= error == Errno.OK;
        }

        return error;
    }

    /// <summary>Settings have changed that may let data go (TCP_NODELAY, TCP_CORK) or move timers (SO_KEEPALIVE).</summary>
    public void SettingsChanged(bool push)
    {
        _connection?.SettingsChanged();
        if (push)
        {
            _connection?.Push();
        }
    }

    /// <summary>SO_RCVLOWAT: as much as a reader waits for is here, or no more can come.</summary>
    public bool HasWanted(int most) => Math.Min(most, Settings.ReceiveLowWater) <= 1 || _connection is not { Error: Errno.OK } connection || _error != Errno.OK || _isReadShut
        || connection.IsReceiveEnded || connection.IsMarked || connection.IncomingCount >= Math.Min(most, Settings.ReceiveLowWater);

    /// <summary>When the last data came; 0 when none did.</summary>
    public long LastDataAt => _connection?.LastDataAt ?? 0;

    /// <summary>TCP_QUICKACK.</summary>
    public bool AcknowledgesQuickly
    {
        get => _connection?.AcknowledgesQuickly ?? true;
        set
        {
            if (_connection is { } connection)
            {
                connection.AcknowledgesQuickly = value;
            }
        }
    }

    /// <summary>TCP_SAVED_SYN, or null.</summary>
    public byte[]? SavedSyn
    {
        get => _connection?.SavedSyn;
        set
        {
            if (_connection is { } connection)
            {
                connection.SavedSyn = value;
            }
        }
    }

    /// <summary>TCP_INFO.</summary>
    public TcpInfo GetInfo() => _connection?.GetInfo() ?? new TcpInfo { State = State, Timeout = 1_000_000_000, SendSegment = 536, ReceiveSegment = 536 };

    /// <summary>The last close.</summary>
    /// <param name="hard">SO_LINGER with a time of 0: the connection is reset.</param>
    public void Close(bool hard = false)
    {
        if (_isClosed)
        {
            return;
        }

        _isClosed = true;
        _layer.SocketCount--;
        StopListening();
        Unbind();
        var connection = _connection;
        _connection = null;
        connection?.Close(hard);
        if (connection is { IsFinishing: true })
        {
            (_left, connection.Lingerer) = (connection, Queue);
        }

        _ = Queue.Wake();
    }

    private TcpConnection? _left; // what goes on behind close(2)

    /// <summary>It was closed, and what was sent was not acknowledged yet (socket(7), SO_LINGER); the queue is woken when it is.</summary>
    public bool IsLingering => _left is { IsFinishing: true };

    internal void TellUrgent()
    {
        UrgentAnnounced?.Invoke();
        _ = Queue.Wake(PollEvents.POLLPRI);
    }

    private Errno ConnectResult(TcpConnection connection)
    {
        switch (connection.State)
        {
            case TcpState.SynSent or TcpState.SynReceived:
                return Errno.EALREADY;
            case TcpState.Closed:
                // The attempt failed, and the socket is as before it.
                var error = TakeError();
                _isConnectPending = false;
                _connection = null;
                connection.Close(hard: true);
                Local = _isBound ? Local : new Endpoint(IsV6 ? IPAddress.AnyV6 : IPAddress.AnyV4, 0);
                return error == Errno.OK ? Errno.ECONNABORTED : error;
            default:
                var wasPending = _isConnectPending;
                _isConnectPending = false;
                return wasPending ? Errno.OK : Errno.EISCONN;
        }
    }

    private Result<int> ReceiveNothing(TcpConnection connection)
    {
        if (connection.Error != Errno.OK || _error != Errno.OK)
        {
            return TakeError();
        }

        if (!connection.WasEstablished)
        {
            return connection.State == TcpState.Closed ? Errno.ENOTCONN : Errno.EAGAIN;
        }

        return _isReadShut || connection.IsReceiveEnded ? 0 : Errno.EAGAIN;
    }

    private void Unbind()
    {
        if (_isBound)
        {
            _layer.Ports.Remove(Local.Port, this);
            _isBound = false;
        }
    }
}
