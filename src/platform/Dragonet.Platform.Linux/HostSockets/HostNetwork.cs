using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.HostSockets;

/// <summary>
/// Sockets of the host, and one thread that waits for all of them (epoll(7), edge-triggered: a busy connection costs no calls but its own).
/// The thread is made when there is something to wait for.
/// </summary>
public sealed unsafe class HostNetwork : IHostNetwork
{
    private const int Most = 64;
    private const long Add_ = 1;                            // EPOLL_CTL_ADD
    private const uint EdgeTriggered = 1u << 31;
    private const uint Interest = 0x1 | 0x4 | 0x2000 | EdgeTriggered; // EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET

    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, HostSocket> _watched = []; // guarded by _lock: by a number that is never used again
    private readonly Dictionary<HostSocket, ulong> _sockets = []; // guarded by _lock: 0 when not watched
    private readonly HostFd _poll = HostFd.Own(Host.Call(Nr.epoll_create1, 0x80000));
    private readonly HostFd _stop = HostFd.Own(Host.Call(Nr.eventfd2, 0, 0x80800));
    private ulong _last;    // guarded by _lock
    private bool _started;  // guarded by _lock
    private bool _disposed; // guarded by _lock

    /// <inheritdoc/>
    public int OpenSockets
    {
        get
        {
            lock (_lock)
            {
                return _sockets.Count;
            }
        }
    }

    /// <inheritdoc/>
    public Result<IHostSocket> Open(HostSocketKind kind, bool isV6)
    {
        var type = kind == HostSocketKind.Stream ? 1 : 2;
        var protocol = kind != HostSocketKind.Echo ? 0 : isV6 ? 58 : 1;
        // SOCK_NONBLOCK|SOCK_CLOEXEC
        var result = Host.Call(Nr.socket, isV6 ? 10 : 2, type | 0x80800, protocol);
        return result < 0 ? Host.ErrnoOf(result) : Result<IHostSocket>.Of(Add(HostFd.Own(result), kind, isV6));
    }

    /// <summary>Closes every socket; nobody is called any more, but for a call that is under way.</summary>
    public void Dispose()
    {
        HostSocket[] sockets;
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            sockets = [.. _sockets.Keys];
        }

        foreach (var socket in sockets)
        {
            socket.Dispose();
        }

        ulong one = 1;
        // SAFETY: eight bytes on the stack.
        _ = Host.Call(Nr.write, _stop.Number, (long)&one, 8);
        lock (_lock)
        {
            if (!_started)
            {
                _poll.Dispose(); // else the thread does
                _stop.Dispose();
            }
        }
    }

    internal HostSocket Add(HostFd fd, HostSocketKind kind, bool isV6)
    {
        var socket = new HostSocket(this, fd, kind, isV6);
        lock (_lock)
        {
            _sockets.Add(socket, 0);
        }

        return socket;
    }

    internal void Watch(HostSocket socket)
    {
        lock (_lock)
        {
            if (_disposed || !_sockets.ContainsKey(socket))
            {
                return;
            }

            _sockets[socket] = ++_last;
            _watched[_last] = socket;
            if (!_started)
            {
                _started = true;
                Register(_stop.Number, 0x1, 0);
                new Thread(Loop, 256 * 1024) { IsBackground = true, Name = "host-sockets" }.Start();
            }

            Register(socket.Descriptor, Interest, _last);
        }
    }

    internal void Remove(HostSocket socket)
    {
        lock (_lock)
        {
            if (_sockets.Remove(socket, out var number))
            {
                _ = _watched.Remove(number);
            }
        }
    }

    private void Register(int fd, uint events, ulong number)
    {
        // struct epoll_event, packed: events, data.
        var entry = stackalloc byte[12];
        *(uint*)entry = events;
        *(ulong*)(entry + 4) = number;
        // SAFETY: the structure is on the stack. Closing the descriptor takes it out again (epoll(7)).
        _ = Host.Call(Nr.epoll_ctl, _poll.Number, Add_, fd, (long)entry);
    }

    private void Loop()
    {
        var entries = stackalloc byte[12 * Most];
        while (true)
        {
            // SAFETY: room for so many structures on the stack.
            var count = Host.Call(Nr.epoll_wait, _poll.Number, (long)entries, Most, -1);
            for (var i = 0; i < count; i++)
            {
                HostSocket? socket;
                lock (_lock)
                {
                    _ = _watched.TryGetValue(*(ulong*)(entries + i * 12 + 4), out socket);
                }

                socket?.Tell((PollEvents)(*(uint*)(entries + i * 12) & 0xffff));
            }

            lock (_lock)
            {
                if (_disposed)
                {
                    _poll.Dispose();
                    _stop.Dispose();
                    return;
                }
            }
        }
    }
}
