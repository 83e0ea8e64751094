using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>What sockets that send and receive single messages have in common: UDP, echo ("ping") and raw sockets.</summary>
public abstract partial class DatagramSocket : ISocket
{
    private readonly DatagramQueue _incoming;
    private ErrorQueue? _errors;
    private SocketGroups? _groups;
    private Errno _error;
    private bool _isClosed;

    private protected DatagramSocket(Stack stack, bool isV6)
    {
        Stack = stack;
        _incoming = new DatagramQueue(stack);
        IsV6 = isV6;
        Local = new Endpoint(Any, 0);
    }

    /// <summary>Woken when something changes.</summary>
    public WaitQueue Queue { get; } = new();

    public bool IsV6 { get; }

    /// <summary>Anything the user wants to find again.</summary>
    public object? Tag { get; set; }

    /// <summary>What it is bound to. The port is UDP's, the identifier of echo requests, or the protocol of a raw socket; 0 when it has none yet.</summary>
    public Endpoint Local { get; private protected set; }

    /// <summary>What it is connected to, or null.</summary>
    public Endpoint? Remote { get; private protected set; }

    /// <summary>IPV6_V6ONLY.</summary>
    public bool IsV6Only { get; set; }

    /// <summary>Who made it.</summary>
    public uint Owner { get; set; }

    /// <summary>SO_BROADCAST.</summary>
    public bool MayBroadcast { get; set; }

    public byte? HopLimit { get; set; }

    public byte MulticastHopLimit { get; set; } = 1;

    /// <summary>SO_BINDTODEVICE: the only interface that it hears and sends through, or 0.</summary>
    public int BoundInterface { get; set; }

    /// <summary>The addresses that it is restricted to; null for all of the stack.</summary>
    public AddressSet? Addresses { get; set; }

    /// <summary>IP_FREEBIND: an address to bind to need not be here.</summary>
    public bool BindsFreely { get; set; }

    /// <summary>IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP.</summary>
    public bool EchoesGroups { get; set; } = true;

    /// <summary>IP_MULTICAST_IF, IPV6_MULTICAST_IF: the number of the interface for groups, or 0.</summary>
    public int MulticastInterface { get; set; }

    /// <summary>IP_MULTICAST_IF: the address to send to groups from, or any.</summary>
    public IPAddress MulticastSource { get; set; } = IPAddress.AnyV4;

    /// <summary>The groups that it is in.</summary>
    public SocketGroups Groups => _groups ??= new SocketGroups(Stack, hasEnded: _isClosed);

    /// <summary>A call that began before the last close comes behind it: it must not take anything that nobody would give back.</summary>
    private protected bool IsClosed => _isClosed;

    public byte TrafficClass { get; set; }

    /// <summary>IP_RECVERR, IPV6_RECVERR: errors wait in a queue, and soft ones are told, too.</summary>
    public bool WantsErrors { get; set; }

    /// <summary>SO_MARK, for rules of policy routing.</summary>
    public uint Mark { get; set; }

    /// <summary>IP_MTU_DISCOVER, IPV6_DONTFRAG: what is too long for the way is refused (EMSGSIZE), here and on it.</summary>
    public bool DontFragment { get; set; }

    /// <summary>What all packets have between their headers and payloads; null for nothing.</summary>
    public PacketOptions? PacketOptions { get; set; }

    /// <summary>IPV6_AUTOFLOWLABEL: each conversation has a flow label.</summary>
    public bool LabelsFlows { get; set; } = true;

    /// <summary>IPV6_FLOWINFO_SEND: the label that connect(2) was given; 0 for none.</summary>
    public uint FlowLabel { get; set; }

    /// <summary>The IP headers of what comes are kept (IPV6_RECVHOPOPTS and its kin, IP_RECVOPTS).</summary>
    public bool WantsHeaders { get; set; }

    /// <summary>IP_UNICAST_IF, IPV6_UNICAST_IF: the number of the interface for single receivers, or 0.</summary>
    public int UnicastInterface { get; set; }

    /// <summary>IPV6_PKTINFO: the address to send from, or null.</summary>
    public IPAddress? StickySource { get; set; }

    /// <summary>IPV6_PKTINFO: the number of the interface to send through, or 0.</summary>
    public int StickyInterface { get; set; }

    /// <summary>IP_BIND_ADDRESS_NO_PORT: bind(2) without a port leaves its choice to connect(2) or the first message.</summary>
    public bool DefersPort { get; set; }

    /// <summary>IP_LOCAL_PORT_RANGE: where a port is chosen from; null for anywhere.</summary>
    public (ushort First, ushort Last)? PortRange { get; set; }

    /// <summary>IPV6_RECVPATHMTU: what was too long for the way is told by <see cref="TakePathMtu"/>.</summary>
    public bool WantsPathMtu { get; set; }

    private (Endpoint To, int Mtu)? _pathMtu;

    /// <summary>The destination that a message was too long for, and what its way takes; or null.</summary>
    public (Endpoint To, int Mtu)? TakePathMtu()
    {
        var note = _pathMtu;
        _pathMtu = null;
        return note;
    }

    /// <summary>UDP_GRO: datagrams of one sender may be received as one.</summary>
    public bool Merges { get => _incoming.Merges; set => _incoming.Merges = value; }

    /// <summary>SO_ATTACH_FILTER.</summary>
    public PacketFilter? Filter { get; set; }

    /// <summary>SO_RCVBUF.</summary>
    public int ReceiveBuffer { get => _incoming.Capacity; set => _incoming.Capacity = value; }

    /// <summary>Length of the first message (FIONREAD).</summary>
    public int NextLength => _incoming.NextLength;

    /// <summary>Memory of what waits, for /proc/net/udp.</summary>
    public int Held => _incoming.Held;

    /// <summary>Messages for which there was no room.</summary>
    public long Drops { get; private set; }

    /// <summary>shutdown(2) for reading.</summary>
    protected bool IsReadShut { get; private set; }

    /// <summary>shutdown(2) for writing.</summary>
    protected bool IsWriteShut { get; private set; }

    private protected Stack Stack { get; }

    private protected IPAddress Any => IsV6 ? IPAddress.AnyV6 : IPAddress.AnyV4;

    /// <summary>bind(2).</summary>
    public abstract Errno Bind(Endpoint local);

    /// <summary>connect(2): from now on it talks to this peer only. Null dissolves the association.</summary>
    public virtual Errno Connect(Endpoint? remote)
    {
        if (remote is { } peer && !Stack.Resolve(peer.Address, ScopeOf(peer), new RouteQuery(Local.Address.IsUnspecified ? null : Local.Address, Mark)).Ok(out _, out var error))
        {
            return error;
        }

        Remote = remote;
        return Errno.OK;
    }

    /// <summary>sendto(2); the whole message or nothing.</summary>
    /// <param name="data">The message.</param>
    /// <param name="to">To whom; null for the one that it is connected to.</param>
    /// <param name="controls">What is different for this message.</param>
    public abstract Result<int> Send(ReadOnlySpan<byte> data, Endpoint? to, in SendControls controls = default);

    /// <summary>recvfrom(2): EAGAIN when there is nothing, 0 after shutdown(2).</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="peek">MSG_PEEK.</param>
    /// <param name="about">What it was.</param>
    /// <param name="skip">SO_PEEK_OFF.</param>
    public Result<int> Receive(Span<byte> destination, bool peek, out Datagram about, int skip = 0)
    {
        about = default;
        if (TakeError() is not Errno.OK and var pending)
        {
            return pending;
        }

        var taken = _incoming.Take(destination, peek, out about, skip);
        return taken.Error == Errno.EAGAIN && IsReadShut ? 0 : taken;
    }

    /// <summary>shutdown(2): ENOTCONN when it is not connected, though it takes effect.</summary>
    public Errno Shutdown(bool read, bool write)
    {
        IsReadShut |= read;
        IsWriteShut |= write;
        _ = Queue.Wake();
        return Remote is null ? Errno.ENOTCONN : Errno.OK;
    }

    /// <summary>The state for poll(2).</summary>
    public PollEvents Poll()
    {
        var events = PollEvents.POLLOUT | PollEvents.POLLWRNORM | PollEvents.POLLWRBAND;
        if (_incoming.Count > 0 || IsReadShut)
        {
            events |= PollEvents.POLLIN | PollEvents.POLLRDNORM;
        }

        if (IsReadShut)
        {
            events |= PollEvents.POLLRDHUP;
        }

        if (IsReadShut && IsWriteShut)
        {
            events |= PollEvents.POLLHUP;
        }

        return events | (_error == Errno.OK ? 0 : PollEvents.POLLERR) | (_errors?.Events ?? 0);
    }

    /// <summary>SO_ERROR: the pending error, which is cleared.</summary>
    public Errno TakeError()
    {
        var error = _error;
        _error = Errno.OK;
        return error;
    }

    /// <summary>MSG_ERRQUEUE: the oldest error, or null. What is behind it becomes the pending one (sock_dequeue_err_skb of Linux).</summary>
    public SocketError? TakeQueuedError()
    {
        if (_errors?.Take() is not { } first)
        {
            return null;
        }

        _error = _errors.First is { Origin: ErrorOrigin.Icmp } next ? next.Number : first.Origin == ErrorOrigin.Icmp ? Errno.OK : _error;
        return first;
    }

    private protected bool HasErrorQueue => _errors is not null;

    /// <summary>What waits for MSG_ERRQUEUE.</summary>
    public ErrorQueue Errors => _errors ??= new ErrorQueue();

    /// <summary>The last close.</summary>
    public void Close()
    {
        if (_isClosed)
        {
            return;
        }

        _isClosed = true;
        _groups?.LeaveAll();
        OnClose();
        DropCollected();
        _incoming.Clear();
        _errors = null;
        _ = Queue.Wake();
    }

    /// <summary>An ICMP error about a message of this socket (__udp4_lib_err of Linux).</summary>
    /// <param name="notice">The error.</param>
    /// <param name="destination">To whom the message was sent.</param>
    /// <param name="quoted">What is quoted of it, behind the protocol's header.</param>
    internal void Fail(in IcmpNotice notice, Endpoint destination, ReadOnlySpan<byte> quoted)
    {
        if (notice.Number == Errno.EMSGSIZE && WantsPathMtu)
        {
            _pathMtu = (destination, notice.Mtu);
        }

        if (!WantsErrors && (!notice.IsHard || Remote is null))
        {
            return;
        }

        if (WantsErrors)
        {
            Errors.Add(new SocketError(notice.Number, notice.Type, notice.Code, (uint)notice.Mtu, destination, notice.About, quoted.ToArray()));
        }

        _error = notice.Number;
        _ = Queue.Wake(PollEvents.POLLERR | PollEvents.POLLIN | PollEvents.POLLOUT);
    }

    /// <summary>Takes a message; owns the packet.</summary>
    /// <returns>False when there was no room.</returns>
    internal bool Enqueue(PacketBuffer packet, in Datagram about)
    {
        if (!_incoming.Add(packet, about))
        {
            Drops++;
            return false;
        }

        _ = Queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
        return true;
    }

    /// <summary>True when the socket's filter wants a message; it sees what the protocol sees, from its own header on (socket(7)).</summary>
    private protected bool Wants(ReadOnlySpan<byte> message, PacketBuffer packet, bool isV4) => Filter is not { } filter
        || filter.Run(message, -1, new PacketInfo(packet.Input!.Index, 0, PacketKind.Host, isV4 ? EthernetFrame.TypeIPv4 : EthernetFrame.TypeIPv6, default, message.Length, -1, 0, false)) != 0;

    /// <summary>Any address as a destination is this machine (ip(7), "INADDR_ANY").</summary>
    private protected static IPAddress Destination(IPAddress address) =>
        !address.IsUnspecified ? address : address.IsV4 ? IPAddress.LoopbackV4 : IPAddress.LoopbackV6;

    /// <summary>The socket leaves its layer.</summary>
    private protected abstract void OnClose();

    /// <summary>The way to a destination, with the source address that is to be used.</summary>
    private protected Result<Path> Route(Endpoint remote, in SendControls controls)
    {
        var from = controls.Source ?? StickySource;
        if (!Stack.Resolve(remote.Address, controls.Interface != 0 ? controls.Interface : ScopeOf(remote), new RouteQuery(from ?? (Local.Address.IsUnspecified ? null : Local.Address), controls.Mark ?? Mark)).Ok(out var path, out var error))
        {
            return error;
        }

        if (remote.Address is { IsMulticast: true, IsV4: true } && !MulticastSource.IsUnspecified)
        {
            path = path with { Source = MulticastSource };
        }

        if (SourceFor(path.Source, remote.Address) is not { } free)
        {
            return Errno.ENETUNREACH;
        }

        var own = Local.Address.IsUnspecified || Local.Address.IsMulticast || Stack.IsBroadcast(Local.Address) ? free : Local.Address;
        path = path with { Source = from is { IsUnspecified: false } given && given.IsV4 == remote.Address.IsV4 ? given : own };
        return path.Source.IsV4 == remote.Address.IsV4 ? path : Errno.ENETUNREACH;
    }

    /// <summary>The address to send from when nothing else is said; null when there is none of the family.</summary>
    private protected IPAddress? SourceFor(IPAddress wanted, IPAddress destination) => Addresses is { } own ? own.SourceFor(wanted, destination) : wanted;

    /// <summary>What bind(2) to an address means for a socket with a set of addresses: false for those of others. Groups and broadcasts are everybody's.</summary>
    private protected bool Narrow(ref Endpoint local)
    {
        if (Addresses is null || local.Address.IsMulticast || Stack.IsBroadcast(local.Address))
        {
            return true;
        }

        var own = Addresses.Narrow(local.Address);
        local = local with { Address = own ?? local.Address };
        return own is not null;
    }

    /// <summary>The number of the interface to send through, or 0 for where the routes lead.</summary>
    private protected int ScopeOf(Endpoint remote)
    {
        if (remote.Scope != 0 || BoundInterface != 0 || StickyInterface != 0 || !remote.Address.IsMulticast)
        {
            return remote.Scope != 0 ? remote.Scope : BoundInterface != 0 ? BoundInterface : StickyInterface != 0 ? StickyInterface : UnicastInterface;
        }

        // To a group, a socket with an address of an interface sends through that one (ip_route_output_key of Linux).
        return MulticastInterface != 0 ? MulticastInterface
            : Local.Address is { IsUnspecified: false, IsMulticast: false } own ? Stack.FindInterfaceOf(own)?.Index ?? 0 : 0;
    }

    /// <summary>True when it hears a message to an address: everything but groups that it does not want.</summary>
    private protected bool Hears(IPAddress destination, IPAddress source, int index) =>
        !destination.IsMulticast || _groups is null || _groups.Hears(destination, source, index);

    /// <summary>The IP header of a message.</summary>
    private protected IPHeader HeaderFor(IPAddress source, IPAddress destination, IPProtocol protocol, in Path path, in SendControls controls) => new(
        source, destination, protocol, controls.HopLimit ?? (destination.IsMulticast ? MulticastHopLimit : HopLimit ?? Stack.HopLimitOf(path, destination.IsV4)), controls.TrafficClass ?? TrafficClass)
    {
        FlowLabel = destination.IsV4 ? 0 : controls.FlowLabel ?? (FlowLabel != 0 ? FlowLabel
            : LabelsFlows ? Stack.FlowLabelOf(new TcpKey(source, Local.Port, destination, Remote?.Port ?? 0)) : 0),
    };

    /// <summary>Sends a message with what the socket or the call puts into its packets; owns the packet.</summary>
    private protected Errno Output(in IPHeader header, PacketBuffer packet, in Path path, in SendControls controls)
    {
        packet.Options = controls.Options ?? PacketOptions;
        var error = Stack.Output(header, packet, path, controls.DontFragment ?? DontFragment, EchoesGroups);
        if (error == Errno.EMSGSIZE && WantsPathMtu)
        {
            _pathMtu = (new Endpoint(header.Destination, Remote?.Port ?? 0), path.Mtu); // ipv6_local_rxpmtu of Linux
        }

        return error;
    }

    /// <summary>What the sender wanted to know: the message left, at once, and its memory was not kept (SO_TIMESTAMPING, MSG_ZEROCOPY).</summary>
    private protected void TellSent(in SendControls controls, Func<byte[]> frame)
    {
        if (_errors is not { } errors)
        {
            return;
        }

        if (controls.ZeroCopy && errors.TellsCopies)
        {
            errors.TellCopied();
        }

        const uint times = SocketOption.SOF_TIMESTAMPING_TX_SOFTWARE | SocketOption.SOF_TIMESTAMPING_TX_SCHED;
        var wanted = controls.Timestamping ?? errors.Timestamping;
        if ((wanted & times) != 0)
        {
            var number = (errors.Timestamping & SocketOption.SOF_TIMESTAMPING_OPT_ID) != 0 ? (uint)errors.Key++ : 0;
            var packet = (errors.Timestamping & SocketOption.SOF_TIMESTAMPING_OPT_TSONLY) != 0 ? [] : frame();
            if ((wanted & SocketOption.SOF_TIMESTAMPING_TX_SCHED) != 0)
            {
                errors.TellTime(1, number, Stack.Now, packet);
            }

            if ((wanted & SocketOption.SOF_TIMESTAMPING_TX_SOFTWARE) != 0)
            {
                errors.TellTime(0, number, Stack.Now, packet);
            }
        }

        if (errors.Events != 0)
        {
            _ = Queue.Wake(errors.Events);
        }
    }

    private protected Errno CheckBroadcast(IPAddress address) => !MayBroadcast && Stack.IsBroadcast(address) ? Errno.EACCES : Errno.OK;
}
