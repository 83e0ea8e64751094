using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>A socket that takes connections (listen(2), accept(2)).</summary>
public sealed partial class TcpSocket
{
    private readonly Queue<TcpConnection> _pending = new();                // established, not accepted
    private readonly LinkedList<TcpConnection> _halfOpen = new();          // SYN-RECEIVED, oldest first
    private long _cookiesUntil;                                            // when the last SYN cookie will be too old

    /// <summary>SO_ACCEPTCONN.</summary>
    public bool IsListening { get; private set; }

    /// <summary>Connections that may wait to be accepted.</summary>
    public int Backlog { get; private set; }

    /// <summary>Connections that wait to be accepted.</summary>
    public int PendingCount => _pending.Count;

    /// <summary>listen(2); again to change the backlog.</summary>
    public Errno Listen(int backlog)
    {
        if (_connection is not null || _isClosed)
        {
            return _isClosed ? Errno.EBADF : Errno.EINVAL;
        }

        if (!IsListening)
        {
            if (!_isBound && Bind(Local, mustHavePort: true) is not Errno.OK and var error)
            {
                return error;
            }

            // What two bound sockets may share with SO_REUSEADDR, two listening ones may not.
            IsListening = true;
            if (HasListeningRival())
            {
                IsListening = false;
                return Errno.EADDRINUSE;
            }

            _layer.AddListener(this);
        }

        Backlog = backlog;
        return Errno.OK;
    }

    /// <summary>accept(2): EAGAIN when nobody has called.</summary>
    public Result<TcpSocket> Accept()
    {
        if (!IsListening)
        {
            return Errno.EINVAL;
        }

        return _pending.TryDequeue(out var connection) ? new TcpSocket(_layer, connection, IsV6) : Errno.EAGAIN;
    }

    /// <summary>Listens on no port: what comes is handed to it (<see cref="IInterceptor"/>).</summary>
    internal void ListenWithoutPort()
    {
        IsListening = true;
        Backlog = int.MaxValue - 1;
        Settings.UrgentInline = true; // who carries bytes on leaves none out
    }

    /// <summary>How well it fits to a destination; -1 when not at all.</summary>
    internal int Score(IPAddress destination)
    {
        if (!Local.Address.IsUnspecified)
        {
            return Local.Address == destination ? 4 : -1;
        }

        if (Settings.Addresses is { } addresses)
        {
            // Any address of a set goes before any address at all.
            return !addresses.Contains(destination) ? -1 : IsV6 == !destination.IsV4 ? 3 : IsV6 && !Settings.IsV6Only ? 2 : -1;
        }

        return IsV6 == !destination.IsV4 ? 1 : IsV6 && Local.Address == IPAddress.AnyV6 && !Settings.IsV6Only ? 0 : -1;
    }

    /// <summary>Somebody calls. When too many calls are on their way, nothing is kept of another one (RFC 4987, section 3.6); without SYN cookies
    /// the oldest one goes: a flood of forged ones does not keep others out for long (its section 3.4).</summary>
    internal void OnSyn(in TcpSegment segment, in TcpKey key, int scope)
    {
        if (_pending.Count > Backlog)
        {
            Stack.Counters.TcpListenDrops++;
            return;
        }

        if (_halfOpen.Count >= Stack.Options.HalfOpenLimit)
        {
            if (Stack.Options.SynCookies && this != Stack.Intercepted)
            {
                _cookiesUntil = Stack.Now + SynCookies.Life;
                _layer.SendCookie(segment, key, scope, Settings);
                return;
            }

            Stack.Counters.TcpListenDrops++;
            _halfOpen.First!.Value.Remove(Errno.OK);
        }

        var local = new Endpoint(key.LocalAddress, key.LocalPort, scope);
        var remote = new Endpoint(key.RemoteAddress, key.RemotePort, scope);
        var connection = new TcpConnection(_layer, local, remote, Settings with { }, socket: null) { Listener = this, IsV6Socket = IsV6 };
        connection.SavedSyn = Settings.SaveSyn > 0 ? _layer.CopyHeaders(Settings.SaveSyn > 1) : null;
        _ = _halfOpen.AddLast(connection);
        var options = TcpOptions.Parse(segment.Options);
        var queue = (Stack.Options.FastOpen & 0x400) != 0 ? Backlog : (Stack.Options.FastOpen & 2) != 0 ? Settings.FastOpenQueue : 0;
        if (queue == 0)
        {
            connection.Accept(segment, options);
            return;
        }

        // RFC 7413, section 4.2.2: data of a caller whose cookie is right is accepted, while not too many wait so; others get a cookie.
        var secret = Settings.FastOpenKey;
        var cookie = _layer.MakeCookie(key, secret.AsSpan(0, Math.Min(secret?.Length ?? 0, 16)));
        var hasCookie = options.FastOpenCookie is { Length: > 0 } given
            && (given.AsSpan().SequenceEqual(cookie) || (secret is { Length: 32 } && given.AsSpan().SequenceEqual(_layer.MakeCookie(key, secret.AsSpan(16)))));
        var isTrusted = hasCookie || Settings.FastOpenWithoutCookie || (Stack.Options.FastOpen & 0x200) != 0;
        if (isTrusted && !segment.Payload.IsEmpty && _pending.Count(waiting => waiting.State == TcpState.SynReceived) < queue)
        {
            connection.Accept(segment, options, fastOpen: true);
            _ = Admit(connection);
        }
        else
        {
            connection.Accept(segment, options, cookieToGive: options.FastOpenCookie is null || hasCookie ? null : cookie);
        }
    }

    /// <summary>An acknowledgment that belongs to no connection: perhaps of a SYN cookie.</summary>
    /// <returns>False when it is not: it is to be reset.</returns>
    internal bool OnConfirmed(in TcpSegment segment, in TcpKey key, int scope, byte trafficClass)
    {
        if (Stack.Now >= _cookiesUntil)
        {
            return false;
        }

        if (_pending.Count > Backlog)
        {
            Stack.Counters.TcpListenDrops++;
            return true;
        }

        if (_layer.CheckCookie(segment, key, out var offered, out var ecn))
        {
            var local = new Endpoint(key.LocalAddress, key.LocalPort, scope);
            var remote = new Endpoint(key.RemoteAddress, key.RemotePort, scope);
            var connection = new TcpConnection(_layer, local, remote, Settings with { }, socket: null, cookie: segment.Acknowledgment - 1)
            {
                Listener = this,
                IsV6Socket = IsV6,
            };
            connection.AcceptConfirmed(segment, offered, ecn);
            connection.Input(segment, trafficClass);
            if (connection.State == TcpState.SynReceived)
            {
                connection.Remove(Errno.OK); // there was something wrong with the segment; nobody would repeat our SYN
            }

            return true;
        }

        return false;
    }

    /// <summary>The handshake is over: the connection waits for accept(2). False when there is no room.</summary>
    internal bool Admit(TcpConnection connection)
    {
        if (_pending.Count > Backlog)
        {
            Stack.Counters.TcpListenDrops++;
            return false;
        }

        _ = _halfOpen.Remove(connection);
        _pending.Enqueue(connection);
        Stack.Counters.TcpPassiveOpens++;
        _ = Queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
        return true;
    }

    /// <summary>A connection ended before it was established. One that ended while it waited stays: accept(2) returns it, with its error.</summary>
    internal void Drop(TcpConnection connection)
    {
        _ = _halfOpen.Remove(connection);
        if (this == Stack.Intercepted)
        {
            Stack.Options.Interceptor!.OnDropped(connection.Remote, connection.Local);
        }
    }

    private bool HasListeningRival()
    {
        foreach (var user in _layer.Ports.Find(Local.Port) ?? [])
        {
            if (user is TcpSocket { IsListening: true } other && other != this && !(other.Settings.ReusePort && Settings.ReusePort) && PortTable.Overlap(this, other))
            {
                return true;
            }
        }

        return false;
    }

    private void StopListening()
    {
        if (!IsListening)
        {
            return;
        }

        IsListening = false;
        _layer.RemoveListener(this);
        while (_halfOpen.First is { } first)
        {
            first.Value.Listener = null;
            _halfOpen.RemoveFirst();
            first.Value.Abort(Errno.OK);
        }

        while (_pending.TryDequeue(out var connection))
        {
            connection.Listener = null;
            connection.Close(hard: true);
        }

        _ = Queue.Wake();
    }
}
