using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.Inet;
using Dragonet.Net;

namespace Dragonet.Networking;

/// <summary>The networks of a kernel, from outside: what there is, links and bridges, bad links, and a look at what passes. Thread-safe.</summary>
public sealed class NetworkControl
{
    private readonly Kernel.Kernel _kernel;
    private readonly JailLocal<NetworkStack> _stacks;

    internal NetworkControl(Kernel.Kernel kernel, JailLocal<NetworkStack> stacks) => (_kernel, _stacks) = (kernel, stacks);

    /// <summary>Interfaces of a jail, or of all (null).</summary>
    public IReadOnlyList<InterfaceInfo> ListInterfaces(string? jail = null) => Collect(jail, static (network, name) => network.Stack.Interfaces.Select(link => Describe(network, name, link)));

    /// <summary>Routes of a jail, or of all (null).</summary>
    public IReadOnlyList<RouteInfo> ListRoutes(string? jail = null) => Collect(jail, static (network, name) => network.Stack.Routes.All.Select(route =>
        new RouteInfo(name, route.Destination.ToString(), route.Gateway?.ToString() ?? "", route.Interface.Name, route.Source?.ToString() ?? "", route.Metric)));

    /// <summary>Sockets of a jail, or of all (null).</summary>
    public IReadOnlyList<SocketInfo> ListSockets(string? jail = null) => Collect(jail, static (network, name) => network.Stack.ListTcp()
        .Select(entry => new SocketInfo(name, entry.IsV6 ? "tcp6" : "tcp", StateName(entry.State), entry.Local.ToString(), entry.Remote.ToString(), entry.ReceiveQueue, entry.SendQueue, entry.Owner))
        .Concat(network.Stack.ListUdp().Select(socket => new SocketInfo(name, socket.IsV6 ? "udp6" : "udp", socket.Remote is null ? "UNCONN" : "ESTAB", socket.Local.ToString(), socket.Remote?.ToString() ?? "*", socket.Held, 0, socket.Owner))));

    /// <summary>Makes a pair of interfaces, NAMEa and NAMEb, in a jail; they are up.</summary>
    /// <exception cref="JailException">It cannot be made.</exception>
    public void CreatePair(string name, string? jail = null)
    {
        var network = StackOf(jail);
        if (!network.Fabric.CreatePair(network, name + "a", network, name + "b").Ok(out var pair, out var error))
        {
            throw Failure(error, name);
        }

        using (network.Enter())
        {
            pair.A.IsUp = pair.B.IsUp = true;
        }

        network.Fabric.Announce(pair.A);
        network.Fabric.Announce(pair.B);
        _kernel.Drain();
    }

    /// <summary>Makes an interface in a jail whose other end is this program: a TAP device, a switch, a simulation. It is up, and may move.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="transmit">Takes the frames that are sent, one at a time.</param>
    /// <param name="jail">The jail.</param>
    /// <exception cref="JailException">It cannot be made.</exception>
    public ExternalLink CreateLink(string name, FrameReceiver transmit, string? jail = null)
    {
        ArgumentNullException.ThrowIfNull(transmit);
        var network = StackOf(jail);
        if (!network.Fabric.CreateLink(network, name, transmit.Invoke).Ok(out var link, out var error))
        {
            throw Failure(error, name);
        }

        using (network.Enter())
        {
            link.IsUp = true;
        }

        network.Fabric.Announce(link);
        _kernel.Drain();
        return new ExternalLink(_kernel, network.Fabric, link);
    }

    /// <summary>Makes a bridge in a jail; it is up.</summary>
    /// <exception cref="JailException">It cannot be made.</exception>
    public void CreateBridge(string name, bool spanningTree = false, string? jail = null)
    {
        var network = StackOf(jail);
        if (!network.Fabric.CreateBridge(network, name, Epair.MaxMtu).Ok(out var bridge, out var error))
        {
            throw Failure(error, name);
        }

        using (network.Enter())
        {
            bridge.HasSpanningTree = spanningTree;
        }

        network.Fabric.Announce(bridge.Interface);
        _kernel.Drain();
    }

    /// <summary>Makes an interface a port of a bridge.</summary>
    /// <exception cref="JailException">It cannot be.</exception>
    public void AddPort(string bridge, string link, bool isPrivate = false, string? jail = null) => Change(jail, link, (_, found) =>
    {
        if (Find(StackOf(jail), bridge) is not { Bridge: { } target })
        {
            throw new JailException($"{bridge}: no such bridge", Errno.ENODEV);
        }

        if (found is not EthernetInterface ethernet || !target.Add(ethernet).Ok(out var port, out var error))
        {
            throw new JailException($"{link} cannot be a port of {bridge}", Errno.EINVAL);
        }

        port.IsPrivate = isPrivate;
    });

    /// <summary>Takes a port out of its bridge.</summary>
    /// <exception cref="JailException">It is none.</exception>
    public void RemovePort(string link, string? jail = null) => Change(jail, link, (_, found) =>
    {
        if (found is not EthernetInterface { Port: { } port } ethernet || !port.Bridge.Remove(ethernet))
        {
            throw new JailException($"{link} is no port of a bridge", Errno.EINVAL);
        }
    });

    /// <summary>Where a bridge knows addresses to be: address, network, port, and whether it was said so.</summary>
    /// <exception cref="JailException">There is no such bridge.</exception>
    public IReadOnlyList<(string Address, int Vlan, string Port, bool IsStatic)> ListAddresses(string bridge, string? jail = null)
    {
        var network = StackOf(jail);
        using (network.Enter())
        {
            return Find(network, bridge) is { Bridge: { } found }
                ? [.. found.ListAddresses().Select(entry => (entry.Address.ToString(), (int)entry.Vlan, entry.Link.Name, entry.IsStatic))]
                : throw new JailException($"{bridge}: no such bridge", Errno.ENODEV);
        }
    }

    /// <summary>Removes a pair, by one end, or a bridge.</summary>
    /// <exception cref="JailException">It cannot be removed.</exception>
    public void Remove(string name, string? jail = null)
    {
        var network = StackOf(jail);
        if (network.Fabric.Destroy(network, name) is not Errno.OK and var error)
        {
            throw Failure(error, name);
        }

        _kernel.Drain(); // who waited there hears of it
    }

    /// <summary>Moves an interface from one jail to another, where it is down and has no address.</summary>
    /// <exception cref="JailException">It cannot move.</exception>
    public void Move(string name, string toJail, string? jail = null)
    {
        var network = StackOf(jail);
        if (network.Fabric.Move(network, name, StackOf(toJail)) is not Errno.OK and var error)
        {
            throw Failure(error, name);
        }

        _kernel.Drain(); // who waited there hears of it
    }

    /// <summary>Switches an interface on or off, as ip-link(8) does: lo has its addresses when it is on, and one that is off loses its IPv6
    /// addresses and its routes.</summary>
    /// <exception cref="JailException">There is none.</exception>
    public void SetUp(string name, bool up, string? jail = null) => Change(jail, name, (network, link) =>
    {
        if (LinkChanges.SetFlags(network, link, up ? NetDevice.IFF_UP : 0u, NetDevice.IFF_UP) is not Errno.OK and var error)
        {
            throw Failure(error, name);
        }
    });

    /// <summary>Gives an interface an address, or takes it.</summary>
    /// <exception cref="JailException">It is no address, or there or not there.</exception>
    public void SetAddress(string name, string address, bool add, string? jail = null) => Change(jail, name, (network, link) =>
    {
        var slash = address.IndexOf('/', StringComparison.Ordinal);
        if (!System.Net.IPAddress.TryParse(slash < 0 ? address : address[..slash], out var parsed) || address.Contains('%', StringComparison.Ordinal))
        {
            throw new JailException($"'{address}' is no address: write ADDR/LEN", Errno.EINVAL);
        }

        var ip = IPAddress.FromBytes(parsed.GetAddressBytes());
        var length = ip.Bits;
        if (slash >= 0 && (!int.TryParse(address.AsSpan(slash + 1), System.Globalization.NumberStyles.None, null, out length) || length > ip.Bits))
        {
            throw new JailException($"'{address}' is no address: write ADDR/LEN", Errno.EINVAL);
        }

        if (!add)
        {
            if (!link.Addresses.Any(prefix => prefix.Address == ip) || !LinkChanges.RemoveAddress(network, link, link.Addresses.First(prefix => prefix.Address == ip)))
            {
                throw new JailException($"{name} has no {ip}", Errno.EADDRNOTAVAIL);
            }
        }
        else if (LinkChanges.AddAddress(network, link, new Prefix(ip, length)) is not Errno.OK and var error)
        {
            throw new JailException(error == Errno.EEXIST ? $"{name} has {ip}" : $"{ip} cannot be an address of {name}", error);
        }
    });

    /// <summary>Makes a link bad in both directions, or good again.</summary>
    /// <param name="name">An interface of a pair.</param>
    /// <param name="text">As in "delay=20ms jitter=5ms loss=1% duplicate=1% reorder=1% corrupt=0.1% rate=10mbit queue=100 seed=7", "partition" or "off".</param>
    /// <param name="jail">The interface's jail.</param>
    /// <exception cref="JailException">There is no such link, or a word is wrong.</exception>
    public void Impair(string name, string text, string? jail = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        var why = "";
        var impairment = text == "off" ? null : ImpairmentText.Parse(text.Split(' ', StringSplitOptions.RemoveEmptyEntries), out why) ?? throw new JailException(why, Errno.EINVAL);
        EthernetInterface? peer = null;
        Change(jail, name, (_, link) =>
        {
            if (link is not EthernetInterface { Bridge: null } ethernet)
            {
                throw new JailException($"{name} is no link: name an interface of a pair", Errno.EINVAL);
            }

            ethernet.Impairment = impairment;
            peer = ethernet.Pair?.PeerOf(ethernet);
        });
        if (peer is not null && StackOf(jail).Fabric.PlaceOf(peer) is { } place)
        {
            using (place.Enter())
            {
                if (place.Stack.Interfaces.Contains(peer))
                {
                    peer.Impairment = impairment is null ? null : impairment with { Seed = impairment.Seed ^ 0xb };
                }
            }
        }
    }

    /// <summary>Adds a rule to a jail's firewall: "input tcp dport 22 ip saddr 10.0.0.0/8 ct state new accept".</summary>
    /// <returns>Its handle.</returns>
    /// <exception cref="JailException">It is no rule, or there are too many.</exception>
    public int AddRule(string rule, string? jail = null)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var parsed = FilterParser.Parse(rule.Split(' ', StringSplitOptions.RemoveEmptyEntries), out var why) ?? throw new JailException(why, Errno.EINVAL);
        var network = StackOf(jail);
        using (network.Enter())
        {
            return network.Stack.UseFirewall().Add(parsed) is > 0 and var handle ? handle : throw new JailException("too many rules", Errno.ENOSPC);
        }
    }

    /// <summary>What becomes of packets that no rule matches: hook "input", "forward" or "output"; verdict "accept", "drop" or "reject".</summary>
    /// <exception cref="JailException">There is no such hook or verdict.</exception>
    public void SetPolicy(string hook, string verdict, string? jail = null)
    {
        if (!FilterParser.Hook(hook, out var at) || !FilterParser.Verdict(verdict, out var what))
        {
            throw new JailException("write input, forward or output, and accept, drop or reject", Errno.EINVAL);
        }

        var network = StackOf(jail);
        using (network.Enter())
        {
            network.Stack.UseFirewall().SetPolicy(at, what);
        }
    }

    /// <summary>Rules of a jail, or of all (null): jail, handle (0 for a policy), rule, packets.</summary>
    public IReadOnlyList<(string Jail, int Handle, string Rule, long Packets)> ListRules(string? jail = null) => Collect(jail, static (network, name) => network.Stack.Firewall is not { } firewall ? []
        : firewall.Rules.Select(pair => (name, pair.Rule.Handle, pair.Rule.ToString(), pair.Packets))
            .Concat(Enum.GetValues<FilterHook>().Where(hook => firewall.GetPolicy(hook) != FilterVerdict.Accept).Select(hook => (name, 0, $"policy {hook} {firewall.GetPolicy(hook)}".ToLowerInvariant(), 0L))));

    /// <summary>Removes a rule.</summary>
    /// <exception cref="JailException">There is none of this handle.</exception>
    public void RemoveRule(int handle, string? jail = null)
    {
        var network = StackOf(jail);
        using (network.Enter())
        {
            if (network.Stack.Firewall?.Remove(handle) != true)
            {
                throw new JailException($"no rule has the handle {handle.ToString(System.Globalization.CultureInfo.InvariantCulture)}", Errno.ENOENT);
            }
        }
    }

    /// <summary>Removes all rules of a jail; everything passes again.</summary>
    public void FlushRules(string? jail = null)
    {
        var network = StackOf(jail);
        using (network.Enter())
        {
            network.Stack.Firewall?.Flush();
        }
    }

    /// <summary>Shows what passes, until the result is disposed.</summary>
    /// <param name="options">Where, and how.</param>
    /// <param name="output">Gets pieces of a pcapng file, or lines of text, by a thread of its own.</param>
    /// <exception cref="JailException">There is no such jail or interface.</exception>
    public IDisposable Capture(CaptureOptions options, Action<ReadOnlyMemory<byte>> output)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Interface is { } name)
        {
            Change(options.Jail, name, static (_, _) => { });
        }

        return new CaptureSession(_kernel, _stacks, options, output, options.Jail is null ? null : JailOf(options.Jail));
    }

    private static InterfaceInfo Describe(NetworkStack network, string jail, Interface link)
    {
        var ethernet = link as EthernetInterface;
        var peer = ethernet?.Pair?.PeerOf(ethernet);
        var counters = link.Counters;
        return new InterfaceInfo(jail, link.Index, link.Name,
            link.IsLoopback ? "loopback" : ethernet?.Pair is not null ? "epair" : ethernet?.Bridge is not null ? "bridge" : ethernet?.LeadsOutside == true ? "external" : ethernet?.Vlan is not null ? "vlan" : ethernet is not null ? "user" : "other",
            link.IsUp, link.Mtu, link.HardwareAddress?.ToString() ?? "", [.. link.Addresses.Select(static prefix => prefix.ToString())],
            peer is null ? "" : $"{network.Fabric.JailOf(peer) ?? "?"}:{peer.Name}",
            ethernet?.Port is { } port ? $"{port.Bridge.Interface.Name}{(port.Bridge.HasSpanningTree ? " " + port.State.ToString().ToLowerInvariant() : "")}{(port.IsPrivate ? " private" : "")}" : "",
            ethernet?.Impairment is { } impairment ? ImpairmentText.Format(impairment) : "",
            counters.ReceivedPackets, counters.ReceivedBytes, counters.ReceiveErrors, counters.SentPackets, counters.SentBytes, counters.SendDrops);
    }

    /// <summary>The names of ss(8).</summary>
    private static string StateName(TcpState state) => state switch
    {
        TcpState.Established => "ESTAB",
        TcpState.SynSent => "SYN-SENT",
        TcpState.SynReceived => "SYN-RECV",
        TcpState.FinWait1 => "FIN-WAIT-1",
        TcpState.FinWait2 => "FIN-WAIT-2",
        TcpState.TimeWait => "TIME-WAIT",
        TcpState.CloseWait => "CLOSE-WAIT",
        TcpState.LastAck => "LAST-ACK",
        _ => state.ToString().ToUpperInvariant(),
    };

    private static JailException Failure(Errno error, string name) => new(name + ": " + error switch
    {
        Errno.ENODEV => "no such interface",
        Errno.EEXIST => "the name is taken",
        Errno.EINVAL => "this cannot be: no name of an interface (15 bytes at most), or one that cannot move",
        Errno.EBUSY => "the jail ends",
        Errno.ENETDOWN => "the interface that it is on is down",
        _ => error.ToString(),
    }, error);

    private static EthernetInterface? Find(NetworkStack network, string name) => network.Stack.FindInterface(name) as EthernetInterface;

    private List<T> Collect<T>(string? jail, Func<NetworkStack, string, IEnumerable<T>> list)
    {
        var all = new List<T>();
        foreach (var each in jail is not null ? [JailOf(jail)] : _kernel.Jails.List().Prepend(_kernel.Jails.Root))
        {
            var network = each.Get(_stacks);
            if (network.IsShared && jail is null)
            {
                continue; // it is listed where it is
            }

            using (network.Enter())
            {
                all.AddRange(list(network, each.Name));
            }
        }

        return all;
    }

    private void Change(string? jail, string name, Action<NetworkStack, Interface> change)
    {
        var network = StackOf(jail);
        using (network.Enter())
        {
            change(network, network.Stack.FindInterface(name) ?? throw new JailException($"{name}: no such interface in jail {network.Jail.Name}", Errno.ENODEV));
        }

        _kernel.Drain();
    }

    private NetworkStack StackOf(string? jail) => (jail is null ? _kernel.Jails.Root : JailOf(jail)).Get(_stacks);

    private Jail JailOf(string jail) => jail == "0" ? _kernel.Jails.Root : _kernel.Jails.Find(jail) ?? throw new JailException($"jail \"{jail}\" not found", Errno.ENOENT);
}
