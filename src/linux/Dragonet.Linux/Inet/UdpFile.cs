using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Net;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Inet;

/// <summary>A UDP socket as programs see it (udp(7)).</summary>
internal sealed class UdpFile : DatagramFile
{
    private readonly UdpSocket _socket;

    public UdpFile(Task task, AddressFamily domain, NetworkStack stack, OpenFlags flags)
        : base(task, domain, SocketType.SOCK_DGRAM, InetOption.IPPROTO_UDP, stack, flags)
    {
        using (stack.Enter())
        {
            _socket = stack.Stack.CreateUdp(IsV6);
            _socket.Owner = task.Credentials.EffectiveUid;
            _socket.Tag = this;
        }
    }

    /// <inheritdoc/>
    protected override Endpoint Local => _socket.Local;

    /// <inheritdoc/>
    protected override Endpoint? Remote => _socket.Remote;

    /// <inheritdoc/>
    protected override WaitQueue Queue => _socket.Queue;

    /// <inheritdoc/>
    protected override int NextLength => _socket.NextLength;

    /// <inheritdoc/>
    protected override bool IsV6Only => _socket.IsV6Only;

    /// <inheritdoc/>
    protected override byte HopLimit
    {
        get => _socket.HopLimit;
        set => _socket.HopLimit = value;
    }

    /// <inheritdoc/>
    protected override byte TrafficClass
    {
        get => _socket.TrafficClass;
        set => _socket.TrafficClass = value;
    }

    /// <inheritdoc/>
    public override Errno Shutdown(ShutdownHow how)
    {
        if (how is not (ShutdownHow.SHUT_RD or ShutdownHow.SHUT_WR or ShutdownHow.SHUT_RDWR))
        {
            return Errno.EINVAL;
        }

        using (Network.Enter())
        {
            return _socket.Shutdown(how != ShutdownHow.SHUT_WR, how != ShutdownHow.SHUT_RD);
        }
    }

    /// <inheritdoc/>
    public override Errno TakeError()
    {
        using (Network.Enter())
        {
            return _socket.TakeError();
        }
    }

    /// <inheritdoc/>
    protected override Errno BindLocked(Endpoint local) => _socket.Bind(local);

    /// <inheritdoc/>
    protected override Errno ConnectLocked(Endpoint? remote) => _socket.Connect(remote);

    /// <inheritdoc/>
    protected override Result<int> SendLocked(ReadOnlySpan<byte> data, Endpoint? to) => _socket.Send(data, to);

    /// <inheritdoc/>
    protected override Result<int> ReceiveLocked(Span<byte> buffer, bool peek, out Datagram about) => _socket.Receive(buffer, peek, out about);

    /// <inheritdoc/>
    protected override PollEvents PollLocked() => _socket.Poll();

    /// <inheritdoc/>
    protected override bool TrySetV6Only(bool value)
    {
        if (_socket.Local.Port != 0)
        {
            return false;
        }

        _socket.IsV6Only = value;
        return true;
    }

    /// <inheritdoc/>
    protected override void Apply(int name)
    {
        switch (name)
        {
            case SocketOption.SO_RCVBUF or SocketOption.SO_RCVBUFFORCE:
                _socket.ReceiveBuffer = Options.ReceiveBuffer;
                break;
            case SocketOption.SO_REUSEADDR:
                _socket.ReuseAddress = Options.GetRemembered(name) != 0;
                break;
            case SocketOption.SO_REUSEPORT:
                _socket.ReusePort = Options.GetRemembered(name) != 0;
                break;
            case SocketOption.SO_BROADCAST:
                _socket.MayBroadcast = Options.GetRemembered(name) != 0;
                break;
        }
    }

    /// <inheritdoc/>
    protected override void OnRelease()
    {
        using (Network.Enter())
        {
            _socket.Close();
        }
    }
}
