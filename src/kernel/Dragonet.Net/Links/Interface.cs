namespace Dragonet.Net;

/// <summary>A network interface of a stack: addresses, and a way to send.</summary>
public abstract class Interface
{
    private bool _isUp;
    private bool _isV6Disabled;
    private Stack? _stack;
    private IFrameTap[] _taps = [];

    private protected Interface(Stack? stack, string name, int mtu)
    {
        Name = name;
        Mtu = mtu;
        stack?.Add(this);
    }

    /// <summary>The stack it belongs to; only while it <see cref="IsAttached"/>.</summary>
    public Stack Stack => _stack ?? throw new InvalidOperationException($"{Name} belongs to no stack");

    /// <summary>False between two stacks.</summary>
    public bool IsAttached => _stack is not null;

    public string Name { get; internal set; }

    /// <summary>Its number in its stack, from 1.</summary>
    public int Index { get; private set; }

    /// <summary>Longest IP packet that it can send.</summary>
    public int Mtu { get; set; }

    public bool IsUp
    {
        get => _isUp;
        set
        {
            _isUp = value;
            OnUpOrDown();
        }
    }

    /// <summary>net.ipv4.conf.NAME.forwarding; null for what the stack does.</summary>
    public bool? ForwardsV4 { get; set; }

    /// <summary>net.ipv6.conf.NAME.forwarding; null for what the stack does.</summary>
    public bool? ForwardsV6 { get; set; }

    /// <summary>net.ipv4.conf.NAME.rp_filter (RFC 3704): 0 nothing, 1 strict, 2 loose.</summary>
    public int ReversePath { get; set; }

    /// <summary>net.ipv6.conf.NAME.disable_ipv6: it has no addresses of IPv6, and hears nothing of it. Those that it has go.</summary>
    public bool IsV6Disabled
    {
        get => _isV6Disabled;
        set
        {
            _isV6Disabled = value;
            foreach (var prefix in value ? AddressList.Where(prefix => !prefix.Address.IsV4).ToArray() : [])
            {
                _ = RemoveAddress(prefix.Address);
            }

            OnUpOrDown();
        }
    }

    /// <summary>False while nothing is plugged in at the other end: what is sent is lost.</summary>
    public bool HasCarrier { get; set; } = true;

    /// <summary>Packets that may wait for whoever takes what it sends (txqueuelen of ip-link(8)).</summary>
    public int QueueLength { get; set; } = 1000;

    /// <summary>The program or device at its other side, or null.</summary>
    public ILinkDriver? Driver { get; set; }

    /// <summary>Its addresses, each with the network that is reached through it.</summary>
    public IReadOnlyList<Prefix> Addresses => AddressList;

    /// <summary>net.ipv4.conf.NAME.arp_ignore: which questions of ARP are answered. The larger one of it and that of the stack counts.</summary>
    public int ArpIgnore { get; set; }

    /// <summary>net.ipv4.conf.NAME.arp_announce: which address questions of ARP come from. The larger one of it and that of the stack counts.</summary>
    public int ArpAnnounce { get; set; }

    /// <summary>How far packets of IPv6 go whose sender does not say (net.ipv6.conf.X.hop_limit).</summary>
    public byte HopLimitV6 { get; set; } = 64;

    public InterfaceCounters Counters { get; } = new();

    /// <summary>True for lo: nothing that goes there leaves the stack.</summary>
    public virtual bool IsLoopback => false;

    /// <summary>The MAC address, or null.</summary>
    public virtual EthernetAddress? HardwareAddress => null;

    /// <summary>It takes frames for everybody (IFF_PROMISC).</summary>
    public bool IsPromiscuous { get; set; }

    /// <summary>Somebody wants to see what passes.</summary>
    private protected bool IsTapped => _taps.Length > 0 || Stack.Taps.Length > 0;

    /// <summary>Somebody sees what passes here, or may.</summary>
    private protected bool IsSeen => IsTapped || Stack.Packets.SocketCount > 0;

    internal List<Prefix> AddressList { get; } = [];

    /// <summary>Has everything shown to somebody that passes here, until <see cref="RemoveTap"/>.</summary>
    public void AddTap(IFrameTap tap) => _taps = [.. _taps, tap];

    /// <summary>Takes back <see cref="AddTap"/>.</summary>
    public void RemoveTap(IFrameTap tap) => _taps = [.. _taps.Where(other => other != tap)];

    /// <summary>Gives it another name while it belongs to no stack.</summary>
    public void Rename(string name) => Name = IsAttached ? throw new InvalidOperationException("its stack gives it names") : name;

    /// <summary>True for the stack that it belongs to now.</summary>
    internal bool IsOf(Stack stack) => _stack == stack;

    /// <summary>It belongs to a stack now.</summary>
    internal virtual void OnAttached(Stack stack, int index)
    {
        _stack = stack;
        Index = index;
    }

    /// <summary>It belongs to no stack any more: addresses, routes and what it knew of its link are gone.</summary>
    internal virtual void OnDetached()
    {
        IsUp = false;
        IsPromiscuous = false;
        AddressList.Clear();
        _taps = [];
        _stack = null;
    }

    /// <summary>It has come up or gone down, or may have addresses of IPv6 now.</summary>
    private protected virtual void OnUpOrDown()
    {
    }

    /// <summary>Shows what passes to whoever looks.</summary>
    private protected void Show(ReadOnlySpan<byte> bytes, bool isOutgoing)
    {
        foreach (var tap in _taps)
        {
            tap.OnFrame(this, bytes, isOutgoing, Stack.Now);
        }

        foreach (var tap in Stack.Taps)
        {
            tap.OnFrame(this, bytes, isOutgoing, Stack.Now);
        }

        Stack.Packets.Show(this, bytes, isOutgoing);
    }

    /// <summary>Adds an address; the route to its network comes with it.</summary>
    /// <returns>False when it is there already.</returns>
    public bool AddAddress(Prefix address)
    {
        if (AddressList.Exists(other => other.Address == address.Address) || (_isV6Disabled && !address.Address.IsV4))
        {
            return false;
        }

        AddressList.Add(address);
        Stack.Routes.Add(new Route(address.Network, this, null, address.Address));
        return true;
    }

    /// <summary>Removes an address and the route that came with it.</summary>
    public bool RemoveAddress(IPAddress address)
    {
        var index = AddressList.FindIndex(other => other.Address == address);
        if (index < 0)
        {
            return false;
        }

        var prefix = AddressList[index];
        AddressList.RemoveAt(index);
        return Stack.Routes.Remove(prefix.Network, this, address);
    }

    /// <summary>An address of this interface to talk to another one: of the same network when there is one, else of the same scope.</summary>
    public IPAddress? SourceFor(IPAddress destination)
    {
        IPAddress? best = null;
        var bestScore = -1;
        foreach (var prefix in AddressList)
        {
            if (prefix.Address.IsV4 == destination.IsV4)
            {
                var score = (prefix.Contains(destination) ? 2 : 0) + (prefix.Address.IsLinkLocal == destination.IsLinkLocal ? 1 : 0);
                if (score > bestScore)
                {
                    (best, bestScore) = (prefix.Address, score);
                }
            }
        }

        return best;
    }

    /// <summary>Sends what a packet socket has made: a whole frame, or an IP packet where the link has no header; owns it.</summary>
    internal abstract void OutputFrame(PacketBuffer frame);

    /// <summary>Nothing comes back from there: where the next hop was must not be taken for granted.</summary>
    internal virtual void Suspect(IPAddress nextHop)
    {
    }

    /// <summary>Sends an IP packet; owns it.</summary>
    internal abstract void Output(PacketBuffer packet, IPAddress nextHop);

    /// <summary>A packet came in; owns it.</summary>
    private protected void Input(PacketBuffer packet)
    {
        packet.Input = this;
        packet.ReceivedAt = Stack.Now;
        Counters.ReceivedPackets++;
        Counters.ReceivedBytes += packet.Length;
        Stack.Input(packet);
    }
}
