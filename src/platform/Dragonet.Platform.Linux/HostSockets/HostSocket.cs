using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.HostSockets;

/// <summary>A socket of the host that does not block.</summary>
internal sealed unsafe class HostSocket : IHostSocket
{
    private const int NoSignal = 0x4000;                     // MSG_NOSIGNAL
    private const int SolSocket = 1, ReuseAddress = 2, Error = 4, Linger = 13; // asm-generic/socket.h
    private const int Tcp = 6, NoDelay = 1, V6 = 41, V6Only = 26;

    private readonly HostNetwork _network;
    private readonly HostFd _fd;
    private readonly HostSocketKind _kind;
    private readonly bool _isV6;
    private Action<PollEvents>? _changed;
    private bool _isClosed;

    internal HostSocket(HostNetwork network, HostFd fd, HostSocketKind kind, bool isV6)
    {
        _network = network;
        _fd = fd;
        _kind = kind;
        _isV6 = isV6;
        if (isV6)
        {
            Set(V6, V6Only, 1);
        }

        if (kind == HostSocketKind.Stream)
        {
            Set(Tcp, NoDelay, 1); // whoever sends through us has waited already, if it wanted to
        }
    }

    public HostEndpoint Local
    {
        get
        {
            var address = stackalloc byte[SocketAddress.Size];
            var length = SocketAddress.Size;
            // SAFETY: an address and its length on the stack.
            return Host.Call(Nr.getsockname, _fd.Number, (long)address, (long)&length) < 0 ? default : SocketAddress.Read(new ReadOnlySpan<byte>(address, SocketAddress.Size));
        }
    }

    internal int Descriptor => _fd.Number;

    public void Watch(Action<PollEvents> changed)
    {
        _changed = changed;
        _network.Watch(this);
    }

    public Errno Bind(HostEndpoint local)
    {
        if (_kind == HostSocketKind.Stream)
        {
            Set(SolSocket, ReuseAddress, 1);
        }

        return WithAddress(Nr.bind, local);
    }

    public Errno Connect(HostEndpoint remote) => WithAddress(Nr.connect, remote);

    public Errno Listen(int backlog) => Host.ErrnoOf(Host.Call(Nr.listen, _fd.Number, backlog));

    public Result<IHostSocket> Accept(out HostEndpoint peer)
    {
        peer = default;
        var address = stackalloc byte[SocketAddress.Size];
        var length = SocketAddress.Size;
        // SAFETY: an address and its length on the stack. SOCK_NONBLOCK|SOCK_CLOEXEC.
        var result = Host.Call(Nr.accept4, _fd.Number, (long)address, (long)&length, 0x80800);
        if (result < 0)
        {
            return Host.ErrnoOf(result);
        }

        peer = SocketAddress.Read(new ReadOnlySpan<byte>(address, SocketAddress.Size));
        return Result<IHostSocket>.Of(_network.Add(HostFd.Own(result), HostSocketKind.Stream, _isV6));
    }

    public Result<int> Send(ReadOnlySpan<byte> data)
    {
        fixed (byte* pointer = data)
        {
            // SAFETY: the span is pinned for the call.
            return Count(Host.Call(Nr.sendto, _fd.Number, (long)pointer, data.Length, NoSignal));
        }
    }

    public Result<int> SendTo(ReadOnlySpan<byte> data, HostEndpoint to)
    {
        var address = stackalloc byte[SocketAddress.Size];
        var length = SocketAddress.Write(to, _isV6, new Span<byte>(address, SocketAddress.Size));
        fixed (byte* pointer = data)
        {
            // SAFETY: the span is pinned for the call, the address is on the stack.
            return Count(Host.Call(Nr.sendto, _fd.Number, (long)pointer, data.Length, NoSignal, (long)address, length));
        }
    }

    public Result<int> Receive(Span<byte> destination)
    {
        fixed (byte* pointer = destination)
        {
            // SAFETY: the span is pinned for the call.
            return Count(Host.Call(Nr.recvfrom, _fd.Number, (long)pointer, destination.Length));
        }
    }

    public Result<int> ReceiveFrom(Span<byte> destination, out HostEndpoint from)
    {
        var address = stackalloc byte[SocketAddress.Size];
        var length = SocketAddress.Size;
        fixed (byte* pointer = destination)
        {
            // SAFETY: the span is pinned for the call, the address is on the stack.
            var result = Host.Call(Nr.recvfrom, _fd.Number, (long)pointer, destination.Length, 0, (long)address, (long)&length);
            from = result < 0 ? default : SocketAddress.Read(new ReadOnlySpan<byte>(address, SocketAddress.Size));
            return Count(result);
        }
    }

    public Errno TakeError()
    {
        int value = 0, length = sizeof(int);
        // SAFETY: two integers on the stack.
        var result = Host.Call(Nr.getsockopt, _fd.Number, SolSocket, Error, (long)&value, (long)&length);
        return result < 0 ? Host.ErrnoOf(result) : (Errno)value;
    }

    public void FinishSending() => _ = Host.Call(Nr.shutdown, _fd.Number, 1); // SHUT_WR; a peer that is gone has been told of by other means

    public void Abort()
    {
        long linger = 1; // struct linger: on, no time
        // SAFETY: eight bytes on the stack.
        _ = Host.Call(Nr.setsockopt, _fd.Number, SolSocket, Linger, (long)&linger, 8);
        Dispose();
    }

    public void Dispose()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            _network.Remove(this);
            _fd.Dispose();
        }
    }

    internal void Tell(PollEvents events) => _changed?.Invoke(events);

    private Errno WithAddress(Nr call, HostEndpoint endpoint)
    {
        var address = stackalloc byte[SocketAddress.Size];
        var length = SocketAddress.Write(endpoint, _isV6, new Span<byte>(address, SocketAddress.Size));
        // SAFETY: the address is on the stack.
        return Host.ErrnoOf(Host.Call(call, _fd.Number, (long)address, length));
    }

    private void Set(int level, int name, int value)
        // SAFETY: one integer on the stack.
        => _ = Host.Call(Nr.setsockopt, _fd.Number, level, name, (long)&value, sizeof(int));

    private static Result<int> Count(long result) => result < 0 ? Host.ErrnoOf(result) : (int)result;
}
