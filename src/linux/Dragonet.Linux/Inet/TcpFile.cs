using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Net;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Inet;

/// <summary>A TCP socket as programs see it (tcp(7)).</summary>
internal sealed partial class TcpFile : InetFile
{
    private readonly TcpSocket _socket;

    public TcpFile(Task task, AddressFamily domain, NetworkStack stack, OpenFlags flags)
        : base(task, domain, SocketType.SOCK_STREAM, InetOption.IPPROTO_TCP, stack, flags)
    {
        using (stack.Enter())
        {
            _socket = stack.Stack.CreateTcp(IsV6);
            stack.Settings.ApplyTo(_socket.Settings);
            _socket.Settings.Addresses = stack.Addresses;
            _socket.Settings.Owner = task.Credentials.EffectiveUid;
            _socket.Tag = this;
            _socket.UrgentAnnounced = OnUrgent;
        }
    }

    private TcpFile(Task task, TcpFile listener, TcpSocket socket, OpenFlags flags)
        : base(task, listener.Domain, SocketType.SOCK_STREAM, InetOption.IPPROTO_TCP, listener.Network, flags)
    {
        _socket = socket;
        _socket.Tag = this;
        _socket.UrgentAnnounced = OnUrgent;
        Options.CopyFrom(listener.Options);
    }

    /// <inheritdoc/>
    public override bool IsListening => _socket.IsListening;

    /// <inheritdoc/>
    protected override ISocket Socket => _socket;

    /// <inheritdoc/>
    protected override byte? HopLimit
    {
        get => _socket.Settings.HopLimit;
        set => _socket.Settings.HopLimit = value;
    }

    /// <inheritdoc/>
    protected override byte TrafficClass
    {
        get => _socket.Settings.TrafficClass;
        set => _socket.Settings.TrafficClass = value;
    }

    /// <inheritdoc/>
    protected override int BoundInterface
    {
        get => _socket.Settings.BoundInterface;
        set => _socket.Settings.BoundInterface = value;
    }

    /// <inheritdoc/>
    protected override void OnRemembered(int level, int name, int value)
    {
        switch (level, name)
        {
            case (InetOption.IPPROTO_IP, InetOption.IP_FREEBIND or InetOption.IP_TRANSPARENT):
            case (InetOption.IPPROTO_IPV6, InetOption.IPV6_FREEBIND or InetOption.IPV6_TRANSPARENT):
                _socket.Settings.BindsFreely = value != 0;
                break;
            case (InetOption.IPPROTO_IP, InetOption.IP_RECVERR) or (InetOption.IPPROTO_IPV6, InetOption.IPV6_RECVERR):
                _socket.Settings.WantsErrors = IsOn(InetOption.IPPROTO_IP, InetOption.IP_RECVERR) || IsOn(InetOption.IPPROTO_IPV6, InetOption.IPV6_RECVERR);
                break;
            case (InetOption.IPPROTO_IP, InetOption.IP_BIND_ADDRESS_NO_PORT):
                _socket.Settings.DefersPort = value != 0;
                break;
            case (InetOption.IPPROTO_IP, InetOption.IP_LOCAL_PORT_RANGE):
                _socket.Settings.PortRange = value == 0 ? null : ((ushort)value, (ushort)(value >> 16));
                break;
            case (InetOption.IPPROTO_IPV6, InetOption.IPV6_AUTOFLOWLABEL):
                _socket.Settings.LabelsFlows = value != 0;
                break;
            case (InetOption.IPPROTO_IP, InetOption.IP_MINTTL):
                _socket.Settings.MinimalHops = (byte)value;
                break;
            case (InetOption.IPPROTO_IPV6, InetOption.IPV6_MINHOPCOUNT):
                _socket.Settings.MinimalHopsV6 = (byte)value;
                break;
        }
    }

    /// <inheritdoc/>
    protected override void OnFlow(uint label) => _socket.Settings.FlowLabel = label;

    /// <inheritdoc/>
    protected override bool IsV6Only => _socket.Settings.IsV6Only;

    /// <inheritdoc/>
    public override Errno Listen(Task task, int backlog)
    {
        using (Network.Enter())
        {
            // A negative backlog is a large one (listen(2) compares without sign).
            return _socket.Listen((int)Math.Min((uint)backlog, (uint)Network.Settings.Backlog));
        }
    }

    /// <inheritdoc/>
    public override Result<SocketFile> Accept(Task task, OpenFlags flags)
    {
        using (Network.Enter())
        {
            return _socket.Accept().Ok(out var accepted, out var error) ? new TcpFile(task, this, accepted, flags) : error;
        }
    }

    /// <inheritdoc/>
    public override Result<int> GetRoom(int count)
    {
        using (Network.Enter())
        {
            return _socket.FindRoom(count) is > 0 and var room ? room : Errno.EAGAIN;
        }
    }

    /// <inheritdoc/>
    public override bool TryGive(ICaller caller, byte[] block, int count)
    {
        using (Network.Enter())
        {
            if (!_socket.SendBlock(block, count))
            {
                return false;
            }

            _socket.TellSent(null, zeroCopy: false);
            return true;
        }
    }

    /// <inheritdoc/>
    public override int TakeBlocks(ICaller caller, int wanted, Span<ArraySegment<byte>> blocks)
    {
        using (Network.Enter())
        {
            if (!NonBlocking && !_socket.HasWanted(wanted))
            {
                return 0;
            }

            var count = _socket.ReceiveBlocks(wanted, blocks);
            Options.MovePeekOffset(count, peek: false);
            return count;
        }
    }

    /// <inheritdoc/>
    public override Result<int> Send(ICaller caller, ReadOnlySpan<byte> data, in SendRequest request)
    {
        uint? timestamping = null;
        foreach (var (level, type, value) in request.Controls ?? [])
        {
            if (level == SocketOption.SOL_SOCKET && type is SocketOption.SO_TIMESTAMPING or SocketOption.SO_TIMESTAMPING_NEW && value.Length == 4)
            {
                timestamping = BinaryPrimitives.ReadUInt32LittleEndian(value);
            }
        }

        using (Network.Enter())
        {
            var sent = (request.Flags & MsgFlags.MSG_FASTOPEN) != 0 && !_socket.HasConnection ? SendFirst(data, request)
                : _socket.Send(data, (request.Flags & MsgFlags.MSG_MORE) != 0, (request.Flags & MsgFlags.MSG_OOB) != 0);
            if (sent.IsOk && sent.Value > 0)
            {
                _socket.TellSent(timestamping, (request.Flags & MsgFlags.MSG_ZEROCOPY) != 0 && !request.IsContinued);
            }

            // Who waits does so for the end of the handshake, and sends then.
            return sent.Error == Errno.EINPROGRESS && !NonBlocking && (request.Flags & MsgFlags.MSG_DONTWAIT) == 0 ? Errno.EAGAIN : sent;
        }
    }

    /// <inheritdoc/>
    public override Result<int> Receive(ICaller caller, Span<byte> buffer, MsgFlags flags, out Received received)
    {
        received = default;
        if ((flags & MsgFlags.MSG_ERRQUEUE) != 0)
        {
            using (Network.Enter())
            {
                return _socket.TakeQueuedError() is { } entry ? ReceiveError(entry, buffer, out received) : Errno.EAGAIN;
            }
        }

        using (Network.Enter())
        {
            if ((flags & MsgFlags.MSG_OOB) != 0)
            {
                var urgent = _socket.ReceiveUrgent(buffer, (flags & MsgFlags.MSG_PEEK) != 0);
                received.Flags = urgent.IsOk ? MsgFlags.MSG_OOB | (buffer.IsEmpty ? MsgFlags.MSG_TRUNC : 0) : 0;
                return urgent;
            }

            var peek = (flags & MsgFlags.MSG_PEEK) != 0;
            if (!NonBlocking && (flags & MsgFlags.MSG_DONTWAIT) == 0 && !_socket.HasWanted(buffer.Length))
            {
                return Errno.EAGAIN; // SO_RCVLOWAT
            }

            received.IsDropped = (flags & (MsgFlags.MSG_TRUNC | MsgFlags.MSG_PEEK)) == MsgFlags.MSG_TRUNC;
            var taken = received.IsDropped ? _socket.Discard(buffer.Length) : _socket.Receive(buffer, peek, peek ? Math.Max(Options.PeekOffset, 0) : 0);
            if (taken.IsOk)
            {
                Options.MovePeekOffset(taken.Value, peek);
                received.Controls = Describe(taken.Value);
            }

            return taken;
        }
    }

    /// <inheritdoc/>
    public override SysResult Ioctl(ICaller caller, uint request, ulong argument)
    {
        int value;
        using (Network.Enter())
        {
            switch (request)
            {
                case Ioctls.SIOCINQ or Ioctls.SIOCOUTQ when _socket.IsListening:
                    return Errno.EINVAL;
                case Ioctls.SIOCINQ:
                    value = _socket.IncomingCount;
                    break;
                case Ioctls.SIOCOUTQ:
                    value = _socket.OutgoingCount;
                    break;
                case Ioctls.SIOCATMARK:
                    value = _socket.IsAtMark ? 1 : 0;
                    break;
                default:
                    value = -1;
                    break;
            }
        }

        return value < 0 ? base.Ioctl(caller, request, argument) : caller.Memory.Write(argument, value);
    }

    /// <inheritdoc/>
    protected override bool TrySetV6Only(bool value)
    {
        if (_socket.Local.Port != 0)
        {
            return false;
        }

        _socket.Settings.IsV6Only = value;
        return true;
    }

    /// <summary>What comes with received data (tcp(7), TCP_INQ; socket(7), SO_TIMESTAMP); null for nothing.</summary>
    private List<(int Level, int Type, byte[] Data)>? Describe(int count)
    {
        List<(int Level, int Type, byte[] Data)>? controls = null;
        if (count > 0)
        {
            AddReceiveTime(ref controls, _socket.LastDataAt);
        }

        if (_tellsRest)
        {
            (controls ??= []).Add((InetOption.IPPROTO_TCP, InetOption.TCP_INQ, SocketOptions.Word(_socket.IncomingCount + (_socket.IncomingCount == 0 && _socket.IsAtEnd ? 1 : 0))));
        }

        return controls;
    }

    /// <inheritdoc/>
    protected override ErrorQueue Errors => _socket.Errors;

    /// <inheritdoc/>
    protected override Errno SetTimestamping(uint flags) => _socket.SetTimestamping(flags);

    /// <summary>MSG_FASTOPEN: connects, with data when the server is known (tcp_sendmsg_fastopen of Linux).</summary>
    private Result<int> SendFirst(ReadOnlySpan<byte> data, in SendRequest request)
    {
        if ((Network.Stack.Options.FastOpen & 1) == 0 || request.Address is not { } address)
        {
            return (Network.Stack.Options.FastOpen & 1) == 0 ? Errno.EOPNOTSUPP : Errno.EINVAL;
        }

        return ParseAddress(address).Ok(out var remote, out var error) ? _socket.ConnectWithData(remote, data) : error;
    }

    private void OnUrgent() => Kernel.Defer(() => Kernel.SignalUrgent(this));

    /// <inheritdoc/>
    public override bool IsLingering(PollWait wait)
    {
        if (Options.Linger is null or 0)
        {
            return false;
        }

        wait.Add(_socket.Queue);
        using (Network.Enter())
        {
            return _socket.IsLingering;
        }
    }

    /// <inheritdoc/>
    protected override void OnRelease()
    {
        using (Network.Enter())
        {
            FlowLabels.Clear(Network.FlowLabels);
            _socket.Close(hard: Options.Linger == 0);
        }
    }
}
