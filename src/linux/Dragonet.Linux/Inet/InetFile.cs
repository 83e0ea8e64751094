using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Net;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Inet;

/// <summary>What sockets of AF_INET and AF_INET6 have in common: addresses, options of the IP levels, interface requests.</summary>
internal abstract partial class InetFile : SocketFile
{
    private readonly Dictionary<(int Level, int Name), int> _remembered = []; // guarded by the stack's lock

    private bool _isFilterLocked; // guarded by the stack's lock

    protected InetFile(Task task, AddressFamily domain, SocketType type, int protocol, NetworkStack stack, OpenFlags flags)
        : base(domain, type, protocol, flags, task.Kernel.NextAnonymousInode())
    {
        Network = stack;
        Kernel = task.Kernel;
    }

    /// <summary>The stack, to be entered for each use.</summary>
    protected NetworkStack Network { get; }

    protected Kernel.Kernel Kernel { get; }

    protected bool IsV6 => Domain == AddressFamily.AF_INET6;

    /// <summary>The stack's socket; its members only inside the stack.</summary>
    protected abstract ISocket Socket { get; }

    /// <summary>IP_TTL and IPV6_UNICAST_HOPS.</summary>
    protected abstract byte? HopLimit { get; set; }

    /// <summary>IP_TOS and IPV6_TCLASS.</summary>
    protected abstract byte TrafficClass { get; set; }

    /// <summary>IP_TOS or IPV6_TCLASS, for who lists sockets. Inside the stack.</summary>
    internal byte ServiceType => TrafficClass;

    /// <summary>IPV6_V6ONLY; false when it is too late to change it.</summary>
    protected virtual bool TrySetV6Only(bool value) => false;

    protected virtual bool IsV6Only => false;

    /// <summary>SO_BINDTODEVICE: the number of an interface, or 0.</summary>
    protected abstract int BoundInterface { get; set; }

    /// <summary>IP_HDRINCL; null for sockets that do not have it.</summary>
    protected virtual bool? HeaderIncluded => null;

    /// <summary>IP_HDRINCL; false for sockets that do not have it.</summary>
    protected virtual bool TrySetHeaderIncluded(bool value) => false;

    /// <inheritdoc/>
    public override Errno Bind(Task task, ReadOnlySpan<byte> address)
    {
        using (Network.Enter())
        {
            return ParseBindAddress(task, address).Ok(out var local, out var error) ? Socket.Bind(local) : error;
        }
    }

    /// <inheritdoc/>
    public override Errno Connect(Task task, ReadOnlySpan<byte> address)
    {
        using (Network.Enter())
        {
            if (address.Length < 2)
            {
                return Errno.EINVAL;
            }

            if (InetAddress.FamilyOf(address) == AddressFamily.AF_UNSPEC)
            {
                return Socket.Connect(null);
            }

            if (!ParseAddress(address).Ok(out var remote, out var error) || (error = ReadFlow(address, out var label)) != Errno.OK)
            {
                return error;
            }

            OnFlow(label);
            return Socket.Connect(remote);
        }
    }

    /// <inheritdoc/>
    public override Result<byte[]> GetName()
    {
        using (Network.Enter())
        {
            return Format(Socket.Local);
        }
    }

    /// <inheritdoc/>
    public override Result<byte[]> GetPeerName()
    {
        using (Network.Enter())
        {
            return Socket.Remote is { } remote ? Format(remote) : Errno.ENOTCONN;
        }
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
            return Socket.Shutdown(how != ShutdownHow.SHUT_WR, how != ShutdownHow.SHUT_RD);
        }
    }

    /// <inheritdoc/>
    public override PollEvents Poll(PollWait? wait)
    {
        wait?.Add(Socket.Queue);
        using (Network.Enter())
        {
            return Socket.Poll();
        }
    }

    /// <inheritdoc/>
    public override Errno TakeError()
    {
        using (Network.Enter())
        {
            return Socket.TakeError();
        }
    }

    /// <inheritdoc/>
    public override SysResult Ioctl(ICaller caller, uint request, ulong argument)
    {
        using (Network.Enter())
        {
            return InterfaceRequests.Run(Network, caller, request, argument);
        }
    }

    /// <inheritdoc/>
    public override Errno SetOption(Task task, int level, int name, ReadOnlySpan<byte> value)
    {
        using (Network.Enter())
        {
            return level switch
            {
                SocketOption.SOL_SOCKET => SetSocketOption(task, name, value),
                InetOption.IPPROTO_IP => SetIPOption(task, name, value),
                InetOption.IPPROTO_IPV6 when IsV6 && !(Type == SocketType.SOCK_RAW && name == InetOption.IPV6_CHECKSUM) => SetIPv6Option(task, name, value),
                _ => SetProtocolOption(task, level, name, value),
            };
        }
    }

    /// <inheritdoc/>
    public override Errno SetOption(Task task, int level, int name, Span<byte> value, out bool isAnswered)
    {
        if (!IsV6 || (level, name) != (InetOption.IPPROTO_IPV6, InetOption.IPV6_FLOWLABEL_MGR))
        {
            return base.SetOption(task, level, name, value, out isAnswered);
        }

        using (Network.Enter())
        {
            return FlowLabels.Manage(Network.FlowLabels, task, value, out isAnswered);
        }
    }

    /// <inheritdoc/>
    public override Result<byte[]> GetOption(Task task, int level, int name, ReadOnlySpan<byte> given)
    {
        if ((level, name) is not ((InetOption.IPPROTO_IP, InetOption.IP_MSFILTER or InetOption.MCAST_MSFILTER) or (InetOption.IPPROTO_IPV6, InetOption.MCAST_MSFILTER)))
        {
            return GetOption(task, level, name);
        }

        using (Network.Enter())
        {
            return Groups is { } groups ? GroupOptions.GetFilter(groups, level, name, given) : Errno.EADDRNOTAVAIL;
        }
    }

    /// <inheritdoc/>
    public override Result<byte[]> GetOption(Task task, int level, int name)
    {
        if (level == SocketOption.SOL_SOCKET)
        {
            switch (name)
            {
                case SocketOption.SO_BINDTODEVICE or SocketOption.SO_BINDTOIFINDEX:
                    using (Network.Enter())
                    {
                        return name == SocketOption.SO_BINDTOIFINDEX ? SocketOptions.Word(BoundInterface)
                            : Network.Stack.FindInterface(BoundInterface) is { } link ? [.. ByteString.ToBytes(link.Name), 0] : (byte[])[];
                    }

                case SocketOption.SO_TIMESTAMPING or SocketOption.SO_TIMESTAMPING_NEW or SocketOption.SO_ZEROCOPY:
                    using (Network.Enter())
                    {
                        return name == SocketOption.SO_ZEROCOPY ? SocketOptions.Word(Errors.TellsCopies ? 1 : 0)
                            : SocketOptions.Bytes((ulong)(name == _timestampingName ? Errors.Timestamping : 0)); // and bind_phc, which is about hardware
                    }

                case SocketOption.SO_MEMINFO:
                    using (Network.Enter())
                    {
                        // Received, most, being sent, most, kept ahead, waiting to be sent, options, behind a busy lock, dropped (sk_get_meminfo of Linux).
                        var use = MemoryUse;
                        return System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(
                            [use.Received, use.MostReceived, use.Sent, use.MostSent, 0, use.Sent, 0, 0, (int)use.Drops]).ToArray();
                    }

                case SocketOption.SO_LOCK_FILTER:
                    return SocketOptions.Word(_isFilterLocked ? 1 : 0);

                case SocketOption.SO_PEERCRED:
                    return SocketOptions.Bytes(new ucred(0, uint.MaxValue, uint.MaxValue)); // nobody knows (unix(7))
                default:
                    return base.GetOption(task, level, name); // asks TakeError, which enters
            }
        }

        using (Network.Enter())
        {
            return level switch
            {
                InetOption.IPPROTO_IP => GetIPOption(name),
                InetOption.IPPROTO_IPV6 when IsV6 => GetIPv6Option(name),
                _ => GetProtocolOption(level, name),
            };
        }
    }

    /// <summary>An option of SOL_SOCKET changed: the stack's socket takes it over. Inside the stack.</summary>
    protected abstract void Apply(int name);

    /// <summary>Options of TCP or UDP. Inside the stack.</summary>
    protected virtual Errno SetProtocolOption(Task task, int level, int name, ReadOnlySpan<byte> value) => Errno.ENOPROTOOPT;

    protected virtual Result<byte[]> GetProtocolOption(int level, int name) => Errno.ENOPROTOOPT;

    /// <summary>Reads the address for bind(2) or connect(2): EACCES for ports that need a privilege is bind's business.</summary>
    protected Result<Endpoint> ParseAddress(ReadOnlySpan<byte> address)
    {
        if (!InetAddress.Parse(address, Domain).Ok(out var endpoint, out var error))
        {
            return error;
        }

        return IsV6 && endpoint.Address.IsV4 && IsV6Only ? Errno.ENETUNREACH : Network.Addresses?.Inward(endpoint) ?? endpoint;
    }

    /// <summary>bind(2): below ip_unprivileged_port_start only with CAP_NET_BIND_SERVICE (ip(7)); Linux looks at the address first.
    /// Inside the stack.</summary>
    protected Result<Endpoint> ParseBindAddress(Task task, ReadOnlySpan<byte> address)
    {
        Endpoint endpoint;
        if (!IsV6 && address.Length >= 16 && InetAddress.FamilyOf(address) == AddressFamily.AF_UNSPEC && address[4..8].IndexOfAnyExcept((byte)0) < 0)
        {
            endpoint = new Endpoint(IPAddress.AnyV4, BinaryPrimitives.ReadUInt16BigEndian(address[2..])); // an old habit that Linux forgives
        }
        else if (!ParseAddress(address).Ok(out endpoint, out var error))
        {
            return error == Errno.ENETUNREACH ? Errno.EINVAL : error;
        }

        if (endpoint.Port == 0 || endpoint.Port >= Network.Settings.FirstUnprivilegedPort || Type == SocketType.SOCK_RAW || Protocol is not (InetOption.IPPROTO_TCP or InetOption.IPPROTO_UDP or InetOption.IPPROTO_UDPLITE)
            || task.Credentials.Has(Capability.CAP_NET_BIND_SERVICE))
        {
            return endpoint;
        }

        var (where, stack) = (endpoint.Address, Network.Stack);
        var datagram = Type == SocketType.SOCK_DGRAM && (where.IsMulticast || stack.IsBroadcast(where));
        return where.IsUnspecified || datagram || stack.IsLocal(where) ? Errno.EACCES : Errno.EADDRNOTAVAIL;
    }

    protected byte[] Format(Endpoint endpoint) => InetAddress.Format(Network.Addresses?.Outward(endpoint) ?? endpoint, Domain);

    /// <summary>A flag of the IP levels has changed. Inside the stack.</summary>
    protected virtual void OnRemembered(int level, int name, int value)
    {
    }

    /// <summary>The groups that it may be in; null for streams.</summary>
    protected virtual SocketGroups? Groups => null;

    /// <summary>IP_MULTICAST_IF (ip(7)).</summary>
    protected virtual Errno SetGroupInterface(ReadOnlySpan<byte> value) => Errno.EINVAL;

    /// <summary>What IP_MULTICAST_IF reads: an address.</summary>
    protected virtual byte[] GroupSource() => new byte[4];

    /// <summary>Bytes that wait in its buffers, and how many may. Inside the stack.</summary>
    protected abstract (int Received, int MostReceived, int Sent, int MostSent, long Drops) MemoryUse { get; }

    /// <summary>SO_ATTACH_FILTER.</summary>
    protected abstract PacketFilter? Filter { get; set; }

    /// <summary>A number of the IP levels, 0 when it was not set.</summary>
    protected int Remembered(int level, int name) => _remembered.GetValueOrDefault((level, name));

    /// <summary>A flag of the IP levels that is on.</summary>
    protected bool IsOn(int level, int name) => _remembered.GetValueOrDefault((level, name)) != 0;

    private Errno SetSocketOption(Task task, int name, ReadOnlySpan<byte> value)
    {
        if (name == SocketOption.SO_BINDTODEVICE)
        {
            var end = value.IndexOf((byte)0);
            var device = ByteString.FromBytes(end < 0 ? value : value[..end]);
            return device.Length == 0 ? BindToInterface(task, 0)
                : Network.Stack.Interfaces.FirstOrDefault(link => link.Name == device) is { } link ? BindToInterface(task, link.Index) : Errno.ENODEV;
        }

        if (name == SocketOption.SO_BINDTOIFINDEX)
        {
            return value.Length < 4 || BinaryPrimitives.ReadInt32LittleEndian(value) is var index && index < 0 ? Errno.EINVAL : BindToInterface(task, index);
        }

        if (name is SocketOption.SO_ATTACH_FILTER or SocketOption.SO_DETACH_FILTER or SocketOption.SO_LOCK_FILTER)
        {
            return SetFilter(task, name, value);
        }

        if (name is SocketOption.SO_TIMESTAMPING or SocketOption.SO_TIMESTAMPING_NEW or SocketOption.SO_ZEROCOPY)
        {
            return name == SocketOption.SO_ZEROCOPY ? SetZeroCopy(value) : SetTimestamping(name, value);
        }

        var error = Options.Set(task, name, value);
        if (error == Errno.OK && name == SocketOption.SO_SELECT_ERR_QUEUE)
        {
            Errors.IsUrgent = Options.GetRemembered(name) != 0;
        }

        if (error == Errno.OK)
        {
            Apply(name);
        }

        return error;
    }

    /// <summary>socket(7), SO_ATTACH_FILTER; once SO_LOCK_FILTER is on, nothing changes any more (sk_setsockopt of Linux).</summary>
    private Errno SetFilter(Task task, int name, ReadOnlySpan<byte> value)
    {
        if (name == SocketOption.SO_LOCK_FILTER)
        {
            var locks = value.Length >= 4 && BinaryPrimitives.ReadInt32LittleEndian(value) != 0;
            if (value.Length < 4 || (_isFilterLocked && !locks))
            {
                return value.Length < 4 ? Errno.EINVAL : Errno.EPERM;
            }

            _isFilterLocked = locks;
            return Errno.OK;
        }

        PacketFilter? filter = null;
        if (name == SocketOption.SO_ATTACH_FILTER && !FilterArgument.Read(task, value).Ok(out filter, out var error))
        {
            return error;
        }

        if (_isFilterLocked || (filter is null && Filter is null))
        {
            return _isFilterLocked ? Errno.EPERM : Errno.ENOENT;
        }

        Filter = filter;
        return Errno.OK;
    }

    /// <summary>SO_BINDTODEVICE: once it is bound, another one takes CAP_NET_RAW (sock_bindtoindex of Linux).</summary>
    private Errno BindToInterface(Task task, int index)
    {
        if (BoundInterface != 0 && !task.Credentials.Has(Capability.CAP_NET_RAW))
        {
            return Errno.EPERM;
        }

        BoundInterface = index;
        return Errno.OK;
    }

    /// <summary>IP_MTU, IPV6_MTU: of the way to the peer; ENOTCONN without one.</summary>
    private Result<byte[]> PathMtu() => Socket.Remote is { } peer && Network.Stack.Resolve(peer.Address, peer.Scope).Ok(out var path, out _)
        ? SocketOptions.Word(Math.Min(path.Mtu, ushort.MaxValue)) : Errno.ENOTCONN;

    /// <summary>How far what is sent to the peer goes; without one, what interfaces of no setting of their own say (do_ipv6_getsockopt of Linux).</summary>
    private int PathHopLimit() => Socket.Remote is { } peer && Network.Stack.Resolve(peer.Address, peer.Scope).Ok(out var path, out _)
        ? Network.Stack.HopLimitOf(path, peer.Address.IsV4) : int.Parse(Network.Settings.Read("ipv6/conf/all/hop_limit")!, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>ip(7), IP_TRANSPARENT.</summary>
    private static bool MayBeTransparent(Task task) => task.Credentials.Has(Capability.CAP_NET_RAW) || task.Credentials.Has(Capability.CAP_NET_ADMIN);

    private Errno SetIPOption(Task task, int name, ReadOnlySpan<byte> value)
    {
        if (GroupOptions.IsOne(InetOption.IPPROTO_IP, name))
        {
            return Groups is { } groups ? GroupOptions.Set(groups, InetOption.IPPROTO_IP, name, value) : Errno.EPROTO;
        }

        if (name == InetOption.IP_MULTICAST_IF)
        {
            return SetGroupInterface(value);
        }

        if (name == InetOption.IP_OPTIONS)
        {
            return SetPacketOptionsV4(task, value);
        }

        if (!ReadNumber(value, out var number))
        {
            return Errno.EINVAL;
        }

        switch (name)
        {
            case InetOption.IP_TTL when number is -1 or (>= 1 and <= 255):
                HopLimit = number == -1 ? null : (byte)number;
                return Errno.OK;
            case InetOption.IP_TTL:
                return Errno.EINVAL;
            case InetOption.IP_TOS:
                TrafficClass = (byte)(Type == SocketType.SOCK_STREAM ? (number & ~3) | (TrafficClass & 3) : number);
                return Errno.OK;
            case InetOption.IP_MINTTL:
                return number is >= 0 and <= 255 ? Remember(InetOption.IPPROTO_IP, name, number) : Errno.EINVAL;
            case InetOption.IP_TRANSPARENT when number != 0 && !MayBeTransparent(task):
                return Errno.EPERM;
            case InetOption.IP_HDRINCL:
                return TrySetHeaderIncluded(number != 0) ? Errno.OK : Errno.ENOPROTOOPT;
            case InetOption.IP_MTU_DISCOVER:
                return number is >= 0 and <= 5 ? Remember(InetOption.IPPROTO_IP, name, number) : Errno.EINVAL;
            case InetOption.IP_MULTICAST_ALL when number is 0 or 1 && Groups is { } all:
                all.HearsOthersV4 = number != 0;
                return Remember(InetOption.IPPROTO_IP, name, number);
            case InetOption.IP_MULTICAST_ALL:
                return Errno.EINVAL;
            case InetOption.IP_MULTICAST_TTL:
                return number is >= -1 and <= 255 && Type != SocketType.SOCK_STREAM ? Remember(InetOption.IPPROTO_IP, name, number == -1 ? 1 : number) : Errno.EINVAL;
            case InetOption.IP_RECVERR or InetOption.IP_PKTINFO or InetOption.IP_RECVTTL or InetOption.IP_RECVTOS or InetOption.IP_MULTICAST_LOOP
                or InetOption.IP_FREEBIND or InetOption.IP_BIND_ADDRESS_NO_PORT or InetOption.IP_RECVOPTS or InetOption.IP_RETOPTS
                or InetOption.IP_RECVORIGDSTADDR or InetOption.IP_TRANSPARENT:
                return Remember(InetOption.IPPROTO_IP, name, number != 0 ? 1 : 0);
            default:
                return SetLaterIPOption(name, value, number);
        }
    }

    private Errno SetIPv6Option(Task task, int name, ReadOnlySpan<byte> value)
    {
        if (name is InetOption.IPV6_HOPOPTS or InetOption.IPV6_DSTOPTS or InetOption.IPV6_RTHDRDSTOPTS or InetOption.IPV6_RTHDR && Groups is not null)
        {
            return SetExtension(task, name, value);
        }

        if (value.Length < 4)
        {
            return Errno.EINVAL;
        }

        if (GroupOptions.IsOne(InetOption.IPPROTO_IPV6, name))
        {
            return Groups is { } groups ? GroupOptions.Set(groups, InetOption.IPPROTO_IPV6, name, value) : Errno.EPROTO;
        }

        var number = BinaryPrimitives.ReadInt32LittleEndian(value);
        switch (name)
        {
            case InetOption.IPV6_MULTICAST_IF or InetOption.IPV6_MULTICAST_HOPS when Groups is null:
                return Errno.ENOPROTOOPT;
            case InetOption.IPV6_MULTICAST_IF:
                return number == 0 || Network.Stack.FindInterface(number) is not null ? Remember(InetOption.IPPROTO_IPV6, name, number) : Errno.ENODEV;
            case InetOption.IPV6_MULTICAST_ALL when Groups is { } all:
                all.HearsOthersV6 = number != 0;
                return Remember(InetOption.IPPROTO_IPV6, name, number != 0 ? 1 : 0);
            case InetOption.IPV6_MINHOPCOUNT:
                return number is >= 0 and <= 255 ? Remember(InetOption.IPPROTO_IPV6, name, number) : Errno.EINVAL;
            case InetOption.IPV6_TRANSPARENT when number != 0 && !MayBeTransparent(task):
                return Errno.EPERM;
            case InetOption.IPV6_V6ONLY:
                return TrySetV6Only(number != 0) ? Errno.OK : Errno.EINVAL;
            case InetOption.IPV6_UNICAST_HOPS when number is >= -1 and <= 255:
                HopLimit = number == -1 ? null : (byte)number;
                return Errno.OK;
            case InetOption.IPV6_TCLASS when number is >= -1 and <= 255:
                TrafficClass = (byte)Math.Max(number, 0);
                return Errno.OK;
            case InetOption.IPV6_UNICAST_HOPS or InetOption.IPV6_TCLASS:
                return Errno.EINVAL;
            case InetOption.IPV6_MULTICAST_HOPS:
                return number is >= -1 and <= 255 ? Remember(InetOption.IPPROTO_IPV6, name, number == -1 ? 1 : number) : Errno.EINVAL;
            case InetOption.IPV6_MULTICAST_LOOP when number is not (0 or 1):
                return Errno.EINVAL;
            case InetOption.IPV6_RECVERR or InetOption.IPV6_RECVPKTINFO or InetOption.IPV6_RECVHOPLIMIT or InetOption.IPV6_RECVTCLASS
                or InetOption.IPV6_MULTICAST_LOOP or InetOption.IPV6_FREEBIND or InetOption.IPV6_RECVORIGDSTADDR or InetOption.IPV6_DONTFRAG
                or InetOption.IPV6_TRANSPARENT:
                return Remember(InetOption.IPPROTO_IPV6, name, number != 0 ? 1 : 0);
            case InetOption.IPV6_MTU_DISCOVER:
                return number is >= 0 and <= 5 ? Remember(InetOption.IPPROTO_IPV6, name, number) : Errno.EINVAL;
            default:
                return SetLaterIPv6Option(name, value, number);
        }
    }

    private Result<byte[]> GetIPOption(int name) => name switch
    {
        InetOption.IP_TTL => SocketOptions.Word(HopLimit ?? Network.Stack.Options.HopLimit),
        InetOption.IP_TOS => SocketOptions.Word(TrafficClass),
        InetOption.IP_MULTICAST_IF => GroupSource(),
        InetOption.IP_MTU => PathMtu(),
        InetOption.IP_OPTIONS => SentOptions.V4.ToArray(),
        InetOption.IP_UNICAST_IF when Groups is not null => SocketOptions.Word(BinaryPrimitives.ReverseEndianness(Remembered(InetOption.IPPROTO_IP, name))),
        InetOption.IP_LOCAL_PORT_RANGE => SocketOptions.Word(Remembered(InetOption.IPPROTO_IP, name)),
        InetOption.IP_HDRINCL when HeaderIncluded is { } included => SocketOptions.Word(included ? 1 : 0),
        InetOption.IP_MTU_DISCOVER or InetOption.IP_MULTICAST_TTL or InetOption.IP_MULTICAST_LOOP or InetOption.IP_MULTICAST_ALL => SocketOptions.Word(_remembered.GetValueOrDefault((InetOption.IPPROTO_IP, name), 1)),
        InetOption.IP_MINTTL or InetOption.IP_RECVORIGDSTADDR or InetOption.IP_TRANSPARENT
            or InetOption.IP_RECVERR or InetOption.IP_PKTINFO or InetOption.IP_RECVTTL or InetOption.IP_RECVTOS or InetOption.IP_FREEBIND
            or InetOption.IP_BIND_ADDRESS_NO_PORT or InetOption.IP_RECVOPTS or InetOption.IP_RETOPTS => SocketOptions.Word(_remembered.GetValueOrDefault((InetOption.IPPROTO_IP, name))),
        _ => Errno.ENOPROTOOPT,
    };

    private Result<byte[]> GetIPv6Option(int name) => name switch
    {
        InetOption.IPV6_MTU => PathMtu(),
        InetOption.IPV6_V6ONLY => SocketOptions.Word(IsV6Only ? 1 : 0),
        InetOption.IPV6_UNICAST_HOPS => SocketOptions.Word(HopLimit ?? PathHopLimit()),
        InetOption.IPV6_TCLASS => SocketOptions.Word(TrafficClass),
        InetOption.IPV6_MULTICAST_HOPS or InetOption.IPV6_MULTICAST_LOOP or InetOption.IPV6_MULTICAST_ALL or InetOption.IPV6_MTU_DISCOVER => SocketOptions.Word(_remembered.GetValueOrDefault((InetOption.IPPROTO_IPV6, name), 1)),
        InetOption.IPV6_RECVERR or InetOption.IPV6_RECVPKTINFO or InetOption.IPV6_RECVHOPLIMIT or InetOption.IPV6_RECVTCLASS or InetOption.IPV6_MULTICAST_IF or InetOption.IPV6_FREEBIND
            or InetOption.IPV6_MINHOPCOUNT or InetOption.IPV6_RECVORIGDSTADDR or InetOption.IPV6_DONTFRAG or InetOption.IPV6_TRANSPARENT
            => SocketOptions.Word(_remembered.GetValueOrDefault((InetOption.IPPROTO_IPV6, name))),
        _ => GetLaterIPv6Option(name),
    };

    private Errno Remember(int level, int name, int value)
    {
        _remembered[(level, name)] = value;
        OnRemembered(level, name, value);
        return Errno.OK;
    }

    /// <summary>Options of IPPROTO_IP may be one byte long (ip(7)).</summary>
    private static bool ReadNumber(ReadOnlySpan<byte> value, out int number)
    {
        number = value.Length >= 4 ? BinaryPrimitives.ReadInt32LittleEndian(value) : value.Length >= 1 ? value[0] : 0;
        return value.Length >= 1;
    }
}
