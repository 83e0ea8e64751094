using Dragonet.Abi;
using Dragonet.Net;
using Dragonet.Platform;

namespace Dragonet.UserNet;

/// <summary>
/// The way outside without rights: a router at the other end of the guest's eth0 that is a stack of its own, answers for every address, and
/// carries connections, datagrams and echo requests on by sockets of the host. Addresses are those of other user-mode networks: 10.0.2.15
/// and fd64:7261:676f::15 for the guest, .2 for the gateway, .3 for the forwarder of DNS. One lock guards the guest's stack and this.
/// </summary>
public sealed class UserGateway : IStackPeer, IInterceptor
{
    /// <summary>Longest packet of the link: as much as one IP packet can have, since nothing but memory carries it.</summary>
    public const int Mtu = 65520;

    private const int MostConnections = 4096, MostIdle = 1024, MostRefusals = 64;
    private const long Idle = 60_000_000_000;

    private readonly UserNetOptions _options;
    private readonly IHostNetwork _network;
    private readonly Action<Action> _enter;
    private readonly Cable _cable;
    private readonly Dictionary<(Endpoint From, Endpoint To), OutwardFlow> _calls = []; // SYNs that wait for the host
    private readonly HashSet<TcpFlow> _connections = [];
    private readonly Dictionary<FlowKey, DatagramFlow> _datagrams = [];
    private readonly LinkedList<IdleFlow> _idle = new();
    private readonly List<Flow> _listeners = [];
    private readonly Queue<Flow> _marked = new();
    private readonly HashSet<Endpoint> _refused = [];
    private readonly DnsForwarder _names;
    private readonly LeaseServer _leases;
    private readonly RouterAdvertiser _advertiser;
    private bool _hasEnded;

    /// <summary>Gives a stack eth0, with addresses and routes, and this gateway at the other end.</summary>
    /// <param name="guest">The stack.</param>
    /// <param name="options">What is let through.</param>
    /// <param name="network">Sockets of the host.</param>
    /// <param name="enter">Runs something inside the lock of the stack, and then the stack.</param>
    public UserGateway(Stack guest, UserNetOptions options, IHostNetwork network, Action<Action> enter)
    {
        ArgumentNullException.ThrowIfNull(guest);
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _network = network;
        _enter = enter;
        Stack = new Stack(new StackOptions { Random = options.Random, Interceptor = this });
        var mac = 0x5254_0000_0000UL | (ulong)(options.Number & 0xff_ffff) << 8;
        var own = new EthernetInterface(Stack, "gw0", new EthernetAddress(mac | 2), mtu: Mtu);
        var eth0 = new EthernetInterface(guest, "eth0", new EthernetAddress(mac | 0x0f), mtu: Mtu);
        _cable = new Cable(eth0, own);
        foreach (var (link, host) in new[] { (own, 2), (own, 3), (eth0, 15) })
        {
            _ = link.AddAddress(new Prefix(AddressOf(isV4: true, host), 24));
            _ = link.AddAddress(new Prefix(AddressOf(isV4: false, host), 64));
            link.IsUp = true;
        }

        guest.Routes.Add(new Route(Prefix.Parse("0.0.0.0/0"), eth0, OwnAddress(isV4: true)));
        guest.Routes.Add(new Route(Prefix.Parse("::/0"), eth0, OwnAddress(isV4: false)));
        // What comes from networks behind the guest, when it is a router, goes back there.
        Stack.Routes.Add(new Route(Prefix.Parse("0.0.0.0/0"), own, GuestAddress(isV4: true)));
        Stack.Routes.Add(new Route(Prefix.Parse("::/0"), own, GuestAddress(isV4: false)));
        _names = new DnsForwarder(this, options);
        _leases = new LeaseServer(this);
        _advertiser = new RouterAdvertiser(this, own);
        foreach (var port in options.Ports)
        {
            _listeners.Add(port.Port.IsUdp ? new UdpListenerFlow(this, port) : new TcpListenerFlow(this, port));
        }
    }

    /// <summary>The addresses of servers of names that the guest uses.</summary>
    public static IReadOnlyList<IPAddress> NameServers { get; } = [AddressOf(isV4: true, 3), AddressOf(isV4: false, 3)];

    /// <inheritdoc/>
    public long NextDeadline => Math.Min(Stack.NextDeadline, Math.Min(_names.NextDeadline, _idle.First is { } first ? first.Value.UsedAt + Idle : long.MaxValue));

    /// <inheritdoc/>
    public int HostSockets => _connections.Count + _datagrams.Count + _listeners.Count + _names.QuestionCount;

    internal Stack Stack { get; }

    /// <summary>For bytes on their way through.</summary>
    internal byte[] Scratch { get; } = new byte[65536];

    /// <summary>One more connection may begin.</summary>
    internal bool HasRoom => _connections.Count < MostConnections;

    /// <inheritdoc/>
    public bool Run(long now)
    {
        if (_hasEnded)
        {
            return false;
        }

        Stack.SetTime(now);
        var any = false;
        for (var progress = true; progress; any |= progress)
        {
            progress = _cable.Deliver();
            Stack.Run();
            TakeCallers();
            while (_idle.First is { } oldest && oldest.Value.UsedAt + Idle <= now)
            {
                oldest.Value.Dispose();
            }

            _names.Run(now);
            _leases.Run();
            _advertiser.Run();
            for (var count = _marked.Count; count > 0; count--)
            {
                var flow = _marked.Dequeue();
                flow.IsMarked = false;
                if (!flow.IsClosed)
                {
                    flow.Pump();
                }

                progress = true;
            }
        }

        return any;
    }

    /// <inheritdoc/>
    public void End()
    {
        _hasEnded = true;
        _cable.Cut();
        foreach (var flow in (Flow[])[.. _connections, .. _idle, .. _listeners])
        {
            flow.Dispose();
        }

        _names.Dispose();
        _leases.Dispose();
        _advertiser.Dispose();
        _listeners.Clear();
        _marked.Clear();
    }

    SynVerdict IInterceptor.OnSyn(Endpoint from, Endpoint to)
    {
        if (_calls.ContainsKey((from, to)))
        {
            return SynVerdict.Wait; // once more: the host is not there yet
        }

        if (Target(to) is not { } target)
        {
            return IsOwn(to.Address) ? SynVerdict.Reset : SynVerdict.Prohibited;
        }

        if (!HasRoom || !_network.Open(HostSocketKind.Stream, !target.Address.IsV4).Ok(out var socket))
        {
            return SynVerdict.Ignore; // it asks again
        }

        var flow = new OutwardFlow(this, socket, from, to);
        _ = _connections.Add(flow);
        _calls.Add((from, to), flow);
        return flow.Start(target);
    }

    void IInterceptor.OnDropped(Endpoint from, Endpoint to)
    {
        if (_calls.TryGetValue((from, to), out var flow))
        {
            flow.Dispose();
        }
    }

    void IInterceptor.OnDatagram(Endpoint from, Endpoint to, ReadOnlySpan<byte> data) => Carry(new FlowKey((int)IPProtocol.Udp, from, to), data);

    void IInterceptor.OnEcho(IPAddress from, IPAddress to, ReadOnlySpan<byte> message)
    {
        var identifier = System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(message[4..]);
        Carry(new FlowKey((int)(from.IsV4 ? IPProtocol.Icmp : IPProtocol.IcmpV6), new Endpoint(from, identifier), new Endpoint(to, 0)), message);
    }

    /// <summary>The gateway's address of a family.</summary>
    internal IPAddress OwnAddress(bool isV4) => AddressOf(isV4, 2);

    /// <summary>The guest's address of a family.</summary>
    internal IPAddress GuestAddress(bool isV4) => AddressOf(isV4, 15);

    /// <summary>Opens a socket of the host for the gateway's own needs.</summary>
    internal IHostSocket? Open(HostSocketKind kind, bool isV6) => _network.Open(kind, isV6).Ok(out var socket) ? socket : null;

    /// <summary>Has a flow pumped, soon.</summary>
    internal void Mark(Flow flow)
    {
        if (!flow.IsMarked && !flow.IsClosed && !_hasEnded)
        {
            flow.IsMarked = true;
            _marked.Enqueue(flow);
        }
    }

    /// <summary>Runs something inside the lock.</summary>
    internal void Enter(Action action) => _enter(action);

    /// <summary>Somebody outside has connected to a published port.</summary>
    internal void Enter(IHostSocket caller, PublishedPort port)
    {
        var isV4 = port.Host.Address.IsV4;
        var flow = new InwardFlow(this, caller);
        _ = _connections.Add(flow);
        flow.Start(new Endpoint(OwnAddress(isV4), 0), new Endpoint(GuestAddress(isV4), port.GuestPort));
    }

    internal void Remove(TcpFlow flow)
    {
        _ = _connections.Remove(flow);
        if (flow is OutwardFlow outward)
        {
            _ = _calls.Remove((outward.From, outward.To));
        }
    }

    internal void Remove(DatagramFlow flow, in FlowKey key)
    {
        _ = _datagrams.Remove(key);
        _idle.Remove(flow.Node);
    }

    /// <summary>A flow was used: it stays.</summary>
    internal void Touch(IdleFlow flow)
    {
        if (!flow.IsClosed)
        {
            flow.UsedAt = Stack.Now;
            _idle.Remove(flow.Node);
            _idle.AddLast(flow.Node);
        }
    }

    private static IPAddress AddressOf(bool isV4, int host) => isV4 ? IPAddress.FromV4(0x0a000200 | (uint)host) : new IPAddress(0xfd64_7261_676f_0000, (ulong)(host == 15 ? 0x15 : host));

    private static bool IsOwn(IPAddress address) => address == AddressOf(address.IsV4, 2) || address == AddressOf(address.IsV4, 3);

    /// <summary>Where the host is to connect to; null when it is not allowed. The gateway's own address is the host's loopback.</summary>
    private Endpoint? Target(Endpoint to)
    {
        if (to.Address == OwnAddress(to.Address.IsV4))
        {
            return _options.Policy.AllowsHost(to.Port) ? to with { Address = to.Address.IsV4 ? IPAddress.LoopbackV4 : IPAddress.LoopbackV6 } : null;
        }

        if (!IsOwn(to.Address) && _options.Policy.Allows(to, Stack.Now))
        {
            return to;
        }

        if (_options.Refused is { } told && _refused.Count < MostRefusals && !IsOwn(to.Address) && _refused.Add(to))
        {
            told($"{to} is not allowed");
        }

        return null;
    }

    private void TakeCallers()
    {
        while (Stack.Intercepted!.Accept().Ok(out var guest))
        {
            if (guest.Remote is { } from && _calls.Remove((from, guest.Local), out var flow))
            {
                flow.Accept(guest);
            }
            else
            {
                guest.Close(hard: true); // it ended before anybody looked, or the host's end is gone
            }
        }
    }

    private void Carry(in FlowKey key, ReadOnlySpan<byte> data)
    {
        if (_datagrams.TryGetValue(key, out var flow) || Begin(key).Ok(out flow, out var error))
        {
            flow.Send(data);
        }
        else
        {
            Stack.SendUnreachable(key.Protocol, key.From, key.To, error);
        }
    }

    private Base.Result<DatagramFlow> Begin(in FlowKey key)
    {
        if (Target(key.To) is not { } target)
        {
            return IsOwn(key.To.Address) ? Errno.ECONNREFUSED : Errno.EACCES;
        }

        var kind = key.Protocol == (int)IPProtocol.Udp ? HostSocketKind.Datagram : HostSocketKind.Echo;
        if (!_network.Open(kind, !target.Address.IsV4).Ok(out var socket, out var error))
        {
            return error; // EACCES: this host lets nobody send echo requests (icmp(7), ping_group_range)
        }

        if (_datagrams.Count >= MostIdle)
        {
            _idle.First!.Value.Dispose();
        }

        var flow = new DatagramFlow(this, socket, key);
        _datagrams.Add(key, flow);
        flow.UsedAt = Stack.Now;
        _idle.AddLast(flow.Node);
        error = flow.Start(target);
        if (error != Errno.OK)
        {
            flow.Dispose();
            return error;
        }

        return flow;
    }
}
