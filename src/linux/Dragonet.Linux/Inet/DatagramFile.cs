using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Net;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Inet;

/// <summary>What UDP, ping and raw sockets have in common: addresses with each message, and what is told about them.</summary>
internal abstract partial class DatagramFile : InetFile
{
    private readonly DatagramSocket _socket;

    /// <param name="task">Whose it is.</param>
    /// <param name="domain">AF_INET or AF_INET6.</param>
    /// <param name="type">SOCK_DGRAM or SOCK_RAW.</param>
    /// <param name="protocol">The protocol.</param>
    /// <param name="stack">The stack.</param>
    /// <param name="flags">O_NONBLOCK or nothing.</param>
    /// <param name="create">Makes the stack's socket, inside the stack.</param>
    protected DatagramFile(
        Task task, AddressFamily domain, SocketType type, int protocol, NetworkStack stack, OpenFlags flags, Func<Stack, DatagramSocket> create)
        : base(task, domain, type, protocol, stack, flags)
    {
        using (stack.Enter())
        {
            _socket = create(stack.Stack);
            _socket.Addresses = stack.Addresses;
            _socket.Owner = task.Credentials.EffectiveUid;
            _socket.Tag = this;
        }
    }

    /// <inheritdoc/>
    protected override DatagramSocket Socket => _socket;

    /// <inheritdoc/>
    protected override (int Received, int MostReceived, int Sent, int MostSent, long Drops) MemoryUse
        => (_socket.Held, _socket.ReceiveBuffer, 0, Options.SendBuffer, _socket.Drops); // what is sent waits with neighbours and links, if at all

    /// <inheritdoc/>
    protected override byte? HopLimit
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
    protected override bool IsV6Only => _socket.IsV6Only;

    /// <inheritdoc/>
    public override Result<int> Send(ICaller caller, ReadOnlySpan<byte> data, in SendRequest request)
    {
        // A packet that brings its header comes whole (raw_send_hdrinc of Linux).
        var more = (request.Flags & MsgFlags.MSG_MORE) != 0 && HeaderIncluded != true;
        if ((request.Flags & MsgFlags.MSG_OOB) != 0)
        {
            return Errno.EOPNOTSUPP;
        }

        using (Network.Enter())
        {
            Endpoint? to = null;
            var label = 0u;
            if (request.Address is { } address)
            {
                if (!ParseAddress(address).Ok(out var remote, out var error) || (error = ReadFlow(address, out label)) != Errno.OK)
                {
                    return error;
                }

                to = remote;
            }

            var controls = default(SendControls);
            if (request.Controls is { } given && ReadControls(caller.Credentials, given, out controls) is not Errno.OK and var bad)
            {
                return bad;
            }

            controls = controls with { ZeroCopy = (request.Flags & MsgFlags.MSG_ZEROCOPY) != 0, FlowLabel = controls.FlowLabel ?? (label != 0 ? label : null) };
            return _socket is not UdpSocket udp ? _socket.Collect(data, to, controls, more) : more || IsCorked ? udp.Hold(data, to, controls) : udp.Send(data, to, controls);
        }
    }

    /// <summary>UDP_CORK: all calls are for one datagram.</summary>
    protected virtual bool IsCorked => false;

    /// <inheritdoc/>
    public override Result<int> Receive(ICaller caller, Span<byte> buffer, MsgFlags flags, out Received received)
    {
        received = default;
        if ((flags & MsgFlags.MSG_OOB) != 0)
        {
            return Errno.EOPNOTSUPP;
        }

        if ((flags & MsgFlags.MSG_ERRQUEUE) != 0)
        {
            using (Network.Enter())
            {
                return _socket.TakeQueuedError() is { } entry ? ReceiveError(entry, buffer, out received) : Errno.EAGAIN;
            }
        }

        using (Network.Enter())
        {
            if (_socket.WantsPathMtu && _socket.TakePathMtu() is { } note)
            {
                received.Controls = [(InetOption.IPPROTO_IPV6, InetOption.IPV6_PATHMTU, MtuInfo(note.To, note.Mtu))];
                return 0; // ipv6_recv_rxpmtu of Linux
            }

            var peek = (flags & MsgFlags.MSG_PEEK) != 0;
            if (!_socket.Receive(buffer, peek, out var about, peek ? Math.Max(Options.PeekOffset, 0) : 0).Ok(out var count, out var error))
            {
                return error;
            }

            Options.MovePeekOffset(peek ? count : about.Length, peek);

            received.FullLength = about.Length;
            received.Address = about.InterfaceIndex == 0 ? null : Format(about.Source); // nothing came: shutdown(2)
            received.Flags = about.Length > count ? MsgFlags.MSG_TRUNC : MsgFlags.None;
            received.Controls = Describe(about);
            return count;
        }
    }

    /// <inheritdoc/>
    public override SysResult Ioctl(ICaller caller, uint request, ulong argument)
    {
        if (request is not (Ioctls.SIOCINQ or Ioctls.SIOCOUTQ))
        {
            return base.Ioctl(caller, request, argument);
        }

        int value;
        using (Network.Enter())
        {
            value = request == Ioctls.SIOCINQ ? _socket.NextLength : 0; // what was sent is gone
        }

        return caller.Memory.Write(argument, value);
    }

    /// <inheritdoc/>
    protected override ErrorQueue Errors => _socket.Errors;

    /// <inheritdoc/>
    protected override Errno SetTimestamping(uint flags)
    {
        if ((flags & ~_socket.Errors.Timestamping & SocketOption.SOF_TIMESTAMPING_OPT_ID) != 0)
        {
            _socket.Errors.Key = 0;
        }

        _socket.Errors.Timestamping = flags;
        return Errno.OK;
    }

    /// <inheritdoc/>
    protected override PacketFilter? Filter
    {
        get => _socket.Filter;
        set => _socket.Filter = value;
    }

    /// <inheritdoc/>
    protected override void Apply(int name)
    {
        switch (name)
        {
            case SocketOption.SO_RCVBUF or SocketOption.SO_RCVBUFFORCE:
                _socket.ReceiveBuffer = Options.ReceiveBuffer;
                break;
            case SocketOption.SO_MARK:
                _socket.Mark = (uint)Options.GetRemembered(name);
                break;
            case SocketOption.SO_BROADCAST:
                _socket.MayBroadcast = Options.GetRemembered(name) != 0;
                break;
        }
    }

    /// <inheritdoc/>
    protected override int BoundInterface
    {
        get => _socket.BoundInterface;
        set => _socket.BoundInterface = value;
    }

    /// <inheritdoc/>
    protected override SocketGroups Groups => _socket.Groups;

    /// <summary>struct in_addr, ip_mreq or ip_mreqn: an address of the interface, or its number (do_ip_setsockopt of Linux).</summary>
    protected override Errno SetGroupInterface(ReadOnlySpan<byte> value)
    {
        if (value.Length < 4)
        {
            return Errno.EINVAL;
        }

        var address = IPAddress.FromBytes(value.Length >= 8 ? value[4..8] : value[..4]);
        var index = value.Length >= 12 ? BinaryPrimitives.ReadInt32LittleEndian(value[8..]) : 0;
        if (index == 0 && !address.IsUnspecified)
        {
            index = Network.Stack.FindInterfaceOf(address)?.Index ?? -1;
        }

        if (index != 0 && Network.Stack.FindInterface(index) is null)
        {
            return Errno.EADDRNOTAVAIL;
        }

        (_socket.MulticastInterface, _socket.MulticastSource) = (index, Network.Shows(address) ? address : IPAddress.AnyV4);
        return Errno.OK;
    }

    /// <inheritdoc/>
    protected override byte[] GroupSource()
    {
        var bytes = new byte[4];
        _socket.MulticastSource.Write(bytes);
        return bytes;
    }

    /// <inheritdoc/>
    protected override void OnRelease()
    {
        using (Network.Enter())
        {
            FlowLabels.Clear(Network.FlowLabels);
            _socket.Close();
        }
    }

    /// <inheritdoc/>
    protected override void OnRemembered(int level, int name, int value)
    {
        // To groups of its own family a socket sends by the options of that level.
        switch (level, name, IsV6)
        {
            case (InetOption.IPPROTO_IP, InetOption.IP_MULTICAST_TTL, false) or (InetOption.IPPROTO_IPV6, InetOption.IPV6_MULTICAST_HOPS, true):
                _socket.MulticastHopLimit = (byte)value;
                break;
            case (InetOption.IPPROTO_IP, InetOption.IP_MULTICAST_LOOP, false) or (InetOption.IPPROTO_IPV6, InetOption.IPV6_MULTICAST_LOOP, true):
                _socket.EchoesGroups = value != 0;
                break;
            case (InetOption.IPPROTO_IP, InetOption.IP_MTU_DISCOVER, false) or (InetOption.IPPROTO_IPV6, InetOption.IPV6_MTU_DISCOVER, true):
            case (InetOption.IPPROTO_IPV6, InetOption.IPV6_DONTFRAG, true):
                var discovery = IsV6 ? Remembered(InetOption.IPPROTO_IPV6, InetOption.IPV6_MTU_DISCOVER) : value;
                _socket.DontFragment = discovery is InetOption.IP_PMTUDISC_DO or InetOption.IP_PMTUDISC_PROBE || IsOn(InetOption.IPPROTO_IPV6, InetOption.IPV6_DONTFRAG);
                break;
            case (InetOption.IPPROTO_IP, InetOption.IP_FREEBIND or InetOption.IP_TRANSPARENT, _) or (InetOption.IPPROTO_IPV6, InetOption.IPV6_FREEBIND or InetOption.IPV6_TRANSPARENT, _):
                _socket.BindsFreely = value != 0;
                break;
            case (InetOption.IPPROTO_IPV6, InetOption.IPV6_MULTICAST_IF, true):
                _socket.MulticastInterface = value;
                break;
            default:
                OnHeadersWanted(level, name, value);
                break;
        }

        if ((level, name) is (InetOption.IPPROTO_IP, InetOption.IP_RECVERR) or (InetOption.IPPROTO_IPV6, InetOption.IPV6_RECVERR))
        {
            _socket.WantsErrors = IsOn(InetOption.IPPROTO_IP, InetOption.IP_RECVERR) || IsOn(InetOption.IPPROTO_IPV6, InetOption.IPV6_RECVERR);
        }
    }

    /// <summary>What is said of one datagram only (ip(7), ipv6(7)): hop limit, traffic class, source and interface. EINVAL for a bad or unknown
    /// one.</summary>
    private Errno ReadControls(Credentials credentials, List<(int Level, int Type, byte[] Data)> controls, out SendControls result)
    {
        result = default;
        foreach (var (level, type, value) in controls)
        {
            if (level == SocketOption.SOL_SOCKET)
            {
                if (ReadSocketControl(credentials, type, value, ref result) is not Errno.OK and var wrong)
                {
                    return wrong;
                }

                continue;
            }

            if (level == InetOption.IPPROTO_UDP && _socket is UdpSocket)
            {
                if (type != InetOption.UDP_SEGMENT || value.Length != 2)
                {
                    return Errno.EINVAL; // __udp_cmsg_send of Linux
                }

                result = result with { Segment = BinaryPrimitives.ReadUInt16LittleEndian(value) };
                continue;
            }

            var isV6Level = IsV6 && level == InetOption.IPPROTO_IPV6;
            if (level != InetOption.IPPROTO_IP && !isV6Level)
            {
                continue; // of a level that is not ours
            }

            var number = value.Length >= 4 ? BinaryPrimitives.ReadInt32LittleEndian(value) : value.Length >= 1 ? value[0] : -2;
            switch (level, type)
            {
                case (InetOption.IPPROTO_IP, InetOption.IP_TTL) when value.Length == 4 && number is >= 1 and <= 255:
                case (InetOption.IPPROTO_IPV6, InetOption.IPV6_HOPLIMIT) when value.Length == 4 && number is >= -1 and <= 255:
                    result = result with { HopLimit = number == -1 ? null : (byte)number };
                    break;
                case (InetOption.IPPROTO_IP, InetOption.IP_TOS) when value.Length is 1 or 4 && number is >= 0 and <= 255:
                case (InetOption.IPPROTO_IPV6, InetOption.IPV6_TCLASS) when value.Length == 4 && number is >= -1 and <= 255:
                    result = result with { TrafficClass = number == -1 ? null : (byte)number };
                    break;
                case (InetOption.IPPROTO_IP, InetOption.IP_PKTINFO) when value.Length == 12:
                    result = result with { Interface = number, Source = SourceOf(value.AsSpan(4, 4)) };
                    break;
                case (InetOption.IPPROTO_IPV6, InetOption.IPV6_PKTINFO) when value.Length == 20:
                    result = result with { Interface = BinaryPrimitives.ReadInt32LittleEndian(value.AsSpan(16)), Source = SourceOf(value.AsSpan(0, 16)) };
                    break;
                default:
                    if (ReadHeaderControl(credentials, level, type, value, ref result) is not Errno.OK and var refused)
                    {
                        return refused;
                    }

                    break;
            }
        }

        if (result.Interface != 0 && Network.Stack.FindInterface(result.Interface) is null)
        {
            return Errno.ENODEV;
        }

        return result.Source is not { } source || (Network.Shows(source) && Network.Stack.IsLocal(source)) ? Errno.OK : source.IsV4 ? Errno.ENETUNREACH : Errno.EINVAL;

        IPAddress? SourceOf(ReadOnlySpan<byte> bytes) => IPAddress.FromBytes(bytes) is { IsUnspecified: false } given ? Network.Addresses?.Inward(given) ?? given : null;
    }

    /// <summary>The control messages that the socket asked for (ip(7), ipv6(7), socket(7)).</summary>
    protected override List<(int Level, int Type, byte[] Data)>? Describe(in Datagram about)
    {
        List<(int Level, int Type, byte[] Data)>? controls = null;
        AddReceiveTime(ref controls, about.ReceivedAt);
        if (_socket.Drops > 0)
        {
            Add(SocketOption.SOL_SOCKET, SocketOption.SO_RXQ_OVFL, SocketOptions.Word((int)_socket.Drops), Options.GetRemembered(SocketOption.SO_RXQ_OVFL) != 0);
        }

        if (about.Segment > 0)
        {
            Add(InetOption.IPPROTO_UDP, InetOption.UDP_GRO, SocketOptions.Word(about.Segment), true);
        }

        var destination = Network.Addresses?.Outward(about.Destination) ?? about.Destination;
        if (destination.IsV4)
        {
            var to = BinaryPrimitives.ReverseEndianness(destination.V4);
            var info = new in_pktinfo { ipi_ifindex = about.InterfaceIndex, ipi_spec_dst = to, ipi_addr = to };
            Add(InetOption.IPPROTO_IP, InetOption.IP_PKTINFO, SocketOptions.Bytes(info), IsOn(InetOption.IPPROTO_IP, InetOption.IP_PKTINFO));
            Add(InetOption.IPPROTO_IP, InetOption.IP_TTL, SocketOptions.Word(about.HopLimit), IsOn(InetOption.IPPROTO_IP, InetOption.IP_RECVTTL));
            Add(InetOption.IPPROTO_IP, InetOption.IP_TOS, [about.TrafficClass], IsOn(InetOption.IPPROTO_IP, InetOption.IP_RECVTOS));
            if (IsOn(InetOption.IPPROTO_IP, InetOption.IP_RECVORIGDSTADDR) && _socket is UdpSocket)
            {
                var was = new Endpoint(about.Destination, _socket.Local.Port);
                Add(InetOption.IPPROTO_IP, InetOption.IP_RECVORIGDSTADDR, InetAddress.Format(was, AddressFamily.AF_INET), true);
            }
        }

        if (IsV6)
        {
            var info = new byte[20];
            destination.Write16(info);
            BinaryPrimitives.WriteInt32LittleEndian(info.AsSpan(16), about.InterfaceIndex);
            Add(InetOption.IPPROTO_IPV6, InetOption.IPV6_PKTINFO, info, IsOn(InetOption.IPPROTO_IPV6, InetOption.IPV6_RECVPKTINFO));
            Add(InetOption.IPPROTO_IPV6, InetOption.IPV6_HOPLIMIT, SocketOptions.Word(about.HopLimit), IsOn(InetOption.IPPROTO_IPV6, InetOption.IPV6_RECVHOPLIMIT));
            Add(InetOption.IPPROTO_IPV6, InetOption.IPV6_TCLASS, SocketOptions.Word(about.TrafficClass), IsOn(InetOption.IPPROTO_IPV6, InetOption.IPV6_RECVTCLASS));
            if (IsOn(InetOption.IPPROTO_IPV6, InetOption.IPV6_RECVORIGDSTADDR) && _socket is UdpSocket)
            {
                Add(InetOption.IPPROTO_IPV6, InetOption.IPV6_RECVORIGDSTADDR, Format(new Endpoint(about.Destination, _socket.Local.Port)), true);
            }

            Add(InetOption.IPPROTO_IPV6, InetOption.IPV6_2292PKTINFO, info, IsOn(InetOption.IPPROTO_IPV6, InetOption.IPV6_2292PKTINFO));
            Add(InetOption.IPPROTO_IPV6, InetOption.IPV6_2292HOPLIMIT, SocketOptions.Word(about.HopLimit), IsOn(InetOption.IPPROTO_IPV6, InetOption.IPV6_2292HOPLIMIT));
        }

        if (about.Header is { } header)
        {
            DescribeHeader(header, destination.IsV4, Add);
        }

        return controls;

        void Add(int level, int type, byte[] data, bool wanted)
        {
            if (wanted)
            {
                (controls ??= []).Add((level, type, data));
            }
        }
    }
}
