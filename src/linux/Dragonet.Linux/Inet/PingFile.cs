using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Net;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Inet;

/// <summary>A ping socket as programs see it (icmp(7)); everybody may have one, as where ping_group_range is 0 to 2147483647.</summary>
internal sealed class PingFile : DatagramFile
{
    private readonly PingSocket _socket;

    public PingFile(Task task, AddressFamily domain, NetworkStack stack, OpenFlags flags)
        : base(task, domain, SocketType.SOCK_DGRAM, domain == AddressFamily.AF_INET6 ? InetOption.IPPROTO_ICMPV6 : InetOption.IPPROTO_ICMP, stack, flags)
    {
        using (stack.Enter())
        {
            _socket = stack.Stack.CreatePing(IsV6);
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
    protected override void Apply(int name)
    {
        if (name is SocketOption.SO_RCVBUF or SocketOption.SO_RCVBUFFORCE)
        {
            _socket.ReceiveBuffer = Options.ReceiveBuffer;
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
