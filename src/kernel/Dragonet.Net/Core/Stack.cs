using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>
/// A TCP/IP stack: frames in, frames out, time in. It has no thread, no clock and no lock: its owner calls one method at a time,
/// tells the time before (<see cref="SetTime"/>), and afterwards lets it finish (<see cref="Run"/>) and looks when it wants to be
/// called next (<see cref="NextDeadline"/>). Sockets tell of changes through wait queues, which only mark.
/// </summary>
public sealed partial class Stack
{
    private readonly List<Interface> _interfaces = [];
    private UdpLayer? _udpLite;

    public Stack(StackOptions options)
    {
        Options = options;
        Hash = new KeyedHash(options.Random(), options.Random());
        Buffers = new BufferBudget(options.BufferLimit);
        TcpMemory = new TcpMemory(Buffers);
        Tcp = new TcpLayer(this);
        Udp = new UdpLayer(this, IPProtocol.Udp);
        Icmp = new IcmpLayer(this);
        Raw = new RawLayer(this);
        Packets = new PacketLayer(this);
        Groups = new GroupTable(this);
        _reports = new GroupReports(this);
        Groups.Reporter = _reports;
        Fragments = new Reassembler(this);
        Loopback = new LoopbackInterface(this);
        Intercepted = options.Interceptor is null ? null : Tcp.CreateIntercepting();
    }

    /// <summary>The present, in nanoseconds from any beginning.</summary>
    public long Now { get; private set; }

    /// <summary>lo: down and without address at first, as in a new network namespace.</summary>
    public LoopbackInterface Loopback { get; }

    /// <summary>All interfaces, in the order in which they came.</summary>
    public IReadOnlyList<Interface> Interfaces => _interfaces;

    /// <summary>Routes to other machines. What is addressed to an interface of this stack needs none.</summary>
    public RouteTable Routes { get; } = new();

    /// <summary>In which tables routes are looked for.</summary>
    public RuleTable Rules { get; } = new();

    /// <summary>The ports that are given by themselves (net.ipv4.ip_local_port_range).</summary>
    public (ushort First, ushort Last) EphemeralPorts { get; set; } = (32768, 60999);

    /// <summary>The multicast groups that it listens to.</summary>
    public GroupTable Groups { get; }

    /// <summary>Its firewall; null until <see cref="UseFirewall"/>.</summary>
    public Firewall? Firewall { get; private set; }

    /// <summary>Counters for /proc/net/snmp.</summary>
    public StackCounters Counters { get; } = new();

    /// <summary>Bytes in sockets.</summary>
    public BufferBudget Buffers { get; }

    /// <summary>The sizes of TCP's buffers.</summary>
    public TcpMemory TcpMemory { get; }

    /// <summary>When <see cref="Run"/> is to be called at the latest; <see cref="long.MaxValue"/> when nothing is to happen by itself.</summary>
    public long NextDeadline => HasWaiting ? Math.Min(Timers.Next, _burstStart + BurstTime) : Timers.Next;

    /// <summary>What is alive in this stack; all zero when everything was closed and nothing waits.</summary>
    public StackCensus Census => new(Tcp.ConnectionCount, Tcp.SocketCount, Udp.SocketCount + (_udpLite?.SocketCount ?? 0) + Icmp.SocketCount + Raw.SocketCount + Packets.SocketCount, Pool.InUse, Timers.Count, Buffers.Used, Fragments.Count);

    /// <summary>What its owner wants of it.</summary>
    public StackOptions Options { get; }

    internal PacketPool Pool { get; } = new();

    internal TimerHeap Timers { get; } = new();

    internal KeyedHash Hash { get; }

    internal TcpLayer Tcp { get; }

    internal UdpLayer Udp { get; }

    /// <summary>Made when somebody uses it.</summary>
    internal UdpLayer UdpLite => _udpLite ??= new UdpLayer(this, IPProtocol.UdpLite);

    internal IcmpLayer Icmp { get; }

    internal RawLayer Raw { get; }

    internal PacketLayer Packets { get; }

    internal Reassembler Fragments { get; }

    /// <summary>A stack whose lo is up with its usual addresses.</summary>
    public static Stack WithLoopback(StackOptions options)
    {
        var stack = new Stack(options);
        stack.Loopback.IsUp = true;
        _ = stack.Loopback.AddAddress(new Prefix(IPAddress.LoopbackV4, 8));
        _ = stack.Loopback.AddAddress(new Prefix(IPAddress.LoopbackV6, 128));
        return stack;
    }

    /// <summary>The firewall, made when there is none: it lets everything pass.</summary>
    public Firewall UseFirewall() => Firewall ??= new Firewall(this);

    /// <summary>Tells the time; it never goes backwards.</summary>
    public void SetTime(long now) => Now = Math.Max(Now, now);

    /// <summary>Does what is due now, and delivers what the stack sent to itself.</summary>
    public void Run()
    {
        do
        {
            Timers.RunDue(Now);
        }
        while (DeliverLocal() || DeliverArrived());
    }

    /// <summary>Nobody runs it any more: connections end without a word (who still has a socket of one hears ECONNABORTED), nothing waits and no
    /// timer is armed.</summary>
    public void End()
    {
        Loopback.IsUp = false;
        Run();
        Tcp.End();
        Fragments.Clear();
        Timers.Clear();
    }

    /// <summary>A new TCP socket.</summary>
    /// <param name="isV6">Of family AF_INET6.</param>
    public TcpSocket CreateTcp(bool isV6) => new(Tcp, isV6);

    /// <summary>A new UDP socket.</summary>
    /// <param name="isV6">Of family AF_INET6.</param>
    public UdpSocket CreateUdp(bool isV6) => new(Udp, isV6);

    /// <summary>A new UDP-Lite socket.</summary>
    /// <param name="isV6">Of family AF_INET6.</param>
    public UdpSocket CreateUdpLite(bool isV6) => new(UdpLite, isV6);

    /// <summary>A new socket for echo requests and their replies (icmp(7), "ping sockets").</summary>
    /// <param name="isV6">ICMPv6.</param>
    public PingSocket CreatePing(bool isV6) => new(Icmp, isV6);

    /// <summary>A new raw socket (raw(7)).</summary>
    /// <param name="isV6">Of family AF_INET6.</param>
    /// <param name="protocol">The protocol.</param>
    public RawSocket CreateRaw(bool isV6, IPProtocol protocol) => new(Raw, isV6, protocol);

    /// <summary>A new packet socket (packet(7)).</summary>
    /// <param name="isRaw">Frames with their link header.</param>
    /// <param name="protocol">The EtherType, or 0.</param>
    public PacketSocket CreatePacket(bool isRaw, ushort protocol) => new(Packets, isRaw, protocol);

    /// <summary>TCP connections and listeners, for /proc/net/tcp and sock_diag.</summary>
    public IEnumerable<TcpEntry> ListTcp() => Tcp.List();

    /// <summary>Ends a TCP connection or a listener from outside; false when there is none.</summary>
    public bool AbortTcp(Endpoint local, Endpoint remote) => Tcp.Abort(local, remote);

    /// <summary>Raw sockets, for /proc/net/raw.</summary>
    public IEnumerable<RawSocket> ListRaw() => Raw.List();

    /// <summary>Packet sockets, for /proc/net/packet.</summary>
    public IEnumerable<PacketSocket> ListPackets() => Packets.List();

    /// <summary>UDP sockets, for /proc/net/udp.</summary>
    public IEnumerable<UdpSocket> ListUdp() => Udp.List();

    /// <summary>UDP-Lite sockets, for /proc/net/udplite.</summary>
    public IEnumerable<UdpSocket> ListUdpLite() => _udpLite?.List() ?? [];

    /// <summary>True for an address of this stack: packets to it do not leave.</summary>
    public bool IsLocal(IPAddress address)
    {
        foreach (var link in _interfaces)
        {
            foreach (var prefix in link.AddressList)
            {
                if (prefix.Address == address || (link.IsLoopback && prefix.Contains(address)))
                {
                    return link.IsUp;
                }
            }
        }

        return false;
    }

    /// <summary>True when packets to this address go to every host of a link.</summary>
    public bool IsBroadcast(IPAddress address)
    {
        if (!address.IsV4)
        {
            return false;
        }

        if (address.IsLimitedBroadcast)
        {
            return true;
        }

        foreach (var link in _interfaces)
        {
            foreach (var prefix in link.AddressList)
            {
                if (prefix.DirectedBroadcast == address)
                {
                    return true;
                }
            }
        }

        return false;
    }


    /// <summary>How to reach an address: ENETUNREACH when there is no route.</summary>
    /// <param name="destination">The address.</param>
    /// <param name="scope">An interface's number, or 0 for any.</param>
    /// <param name="query">What rules look at besides.</param>
    public Result<Path> Resolve(IPAddress destination, int scope = 0, in RouteQuery query = default)
    {
        if (IsLocal(destination))
        {
            var own = Loopback.AddressList.Exists(prefix => prefix.Contains(destination)) ? Loopback.SourceFor(destination) : null;
            return new Path(Loopback, destination, own ?? destination);
        }

        var only = scope > 0 ? FindInterface(scope) : null;
        if ((destination.IsMulticast || destination.IsLimitedBroadcast) && only is null)
        {
            only = Routes.Find(destination) is { Kind: RouteKind.Unicast } way ? way.Interface : _interfaces.Find(link => link.IsUp && !link.IsLoopback);
        }

        if (only is not null && (destination.IsMulticast || destination.IsLinkLocal || destination.IsLimitedBroadcast))
        {
            return only.SourceFor(destination) is { } address ? new Path(only, destination, address) : Errno.ENETUNREACH;
        }

        var route = Rules.Find(Routes, destination, only, query, out var kind);
        if (kind != RouteKind.Unicast)
        {
            return ErrorOf(kind);
        }

        if (route is not { Kind: RouteKind.Unicast, Interface.IsLoopback: false })
        {
            // Through one interface alone, whatever has no route is taken for a neighbour (ip_route_output_key of Linux).
            return route is null && only is { IsUp: true, IsLoopback: false } && destination.IsV4
                ? new Path(only, destination, only.SourceFor(destination) ?? IPAddress.AnyV4) : ErrorOf(route?.Kind);
        }

        // A router's address of the link says nothing about the scope that is wanted (RFC 6724, section 5, rule 2).
        var near = route.Gateway is { } gateway && gateway.IsLinkLocal == destination.IsLinkLocal ? gateway : destination;
        var source = route.Source ?? route.Interface.SourceFor(near);
        return source is { } from ? new Path(route.Interface, route.Gateway ?? destination, from, route.Metrics) : Errno.ENETUNREACH;
    }

    /// <summary>How far a packet goes whose sender does not say (ip4_dst_hoplimit, ip6_dst_hoplimit of Linux).</summary>
    public byte HopLimitOf(in Path path, bool isV4) => path.Metrics is { HopLimit: > 0 } metrics ? metrics.HopLimit : isV4 ? Options.HopLimit : path.Interface.HopLimitV6;

    /// <summary>What a route without a way answers (fib_props of Linux).</summary>
    private static Errno ErrorOf(RouteKind? kind) => kind switch
    {
        RouteKind.Blackhole => Errno.EINVAL,
        RouteKind.Unreachable => Errno.EHOSTUNREACH,
        RouteKind.Prohibit => Errno.EACCES,
        _ => Errno.ENETUNREACH,
    };

    private bool DeliverLocal()
    {
        if (!Loopback.DeliverOne())
        {
            return false;
        }

        while (Loopback.DeliverOne())
        {
        }

        return true;
    }
}
