using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Net;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Inet;

/// <summary>A raw socket as programs see it (raw(7)).</summary>
internal sealed class RawFile : DatagramFile
{
    private readonly RawSocket _socket;

    public RawFile(Task task, AddressFamily domain, int protocol, NetworkStack stack, OpenFlags flags)
        : base(task, domain, SocketType.SOCK_RAW, protocol, stack, flags)
    {
        using (stack.Enter())
        {
            _socket = stack.Stack.CreateRaw(IsV6, (IPProtocol)protocol);
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
    protected override bool TrySetHeaderIncluded(bool value)
    {
        _socket.HasHeader = value;
        return true;
    }

    /// <inheritdoc/>
    protected override bool? HeaderIncluded => _socket.HasHeader;

    /// <inheritdoc/>
    protected override Errno SetProtocolOption(Task task, int level, int name, ReadOnlySpan<byte> value)
    {
        switch (level, name)
        {
            case (InetOption.SOL_RAW, InetOption.ICMP_FILTER) when Protocol == InetOption.IPPROTO_ICMP:
            case (InetOption.IPPROTO_ICMPV6, InetOption.ICMPV6_FILTER) when Protocol == InetOption.IPPROTO_ICMPV6:
                _socket.Block(level == InetOption.SOL_RAW ? value[..Math.Min(value.Length, 4)] : value);
                return Errno.OK;
            case (InetOption.SOL_RAW or InetOption.IPPROTO_IPV6, InetOption.IPV6_CHECKSUM) when IsV6:
                if (value.Length < 4)
                {
                    return Errno.EINVAL;
                }

                // An odd place is none (ipv6(7)); ICMPv6 has its own (RFC 3542, section 3.1).
                var offset = BinaryPrimitives.ReadInt32LittleEndian(value);
                if ((offset > 0 && offset % 2 != 0) || Protocol == InetOption.IPPROTO_ICMPV6)
                {
                    return Errno.EINVAL;
                }

                _socket.ChecksumOffset = Math.Max(offset, -1);
                return Errno.OK;
            default:
                return Errno.ENOPROTOOPT;
        }
    }

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
