namespace Dragonet.Net;

/// <summary>An Ethernet link: frames go out through a delegate and come in through <see cref="Receive"/>.</summary>
public sealed class EthernetInterface : Interface
{
    private bool _acceptsAdvertisements;
    private const int MaxFrame = 65535 + EthernetFrame.HeaderSize;

    private readonly FrameHandler? _transmit;
    private readonly NeighbourTable _neighbours;
    private Impairer? _impairer;
    private Impairer? _receiveImpairer;

    /// <summary>Adds the interface to a stack; it is down and has no address. Frames go to the delegate, or into a <see cref="Cable"/>.</summary>
    public EthernetInterface(Stack stack, string name, EthernetAddress address, FrameHandler? transmit = null, int mtu = 1500)
        : this(stack, name, address, mtu) => _transmit = transmit;

    /// <summary>An interface that belongs to a stack later, or from the beginning.</summary>
    internal EthernetInterface(Stack? stack, string name, EthernetAddress address, int mtu)
        : base(stack, name, mtu)
    {
        Address = address;
        _neighbours = new NeighbourTable(this);
    }

    /// <summary>Its MAC address.</summary>
    public EthernetAddress Address { get; set; }

    /// <summary>The bridge that it is a port of, or null.</summary>
    public BridgePort? Port { get; internal set; }

    /// <summary>What it is one end of, or null.</summary>
    public Epair? Pair => Carrier as Epair;

    /// <summary>The bridge that it is the machine's own place in, or null.</summary>
    public Bridge? Bridge => Carrier as Bridge;

    /// <summary>The virtual network that it is the interface of, or null.</summary>
    public VlanLink? Vlan => Carrier as VlanLink;

    /// <summary>The virtual networks with interfaces of their own that it carries.</summary>
    public IReadOnlyList<VlanLink> Vlans { get; internal set; } = [];

    /// <summary>Its frames go to a delegate, to whom the other end belongs.</summary>
    public bool LeadsOutside => _transmit is not null;

    /// <summary>What it sends is lost, and nothing comes.</summary>
    public bool LeadsNowhere => _transmit is null && Carrier is null;

    /// <summary>What the link does to frames that are sent here, or null.</summary>
    public LinkImpairment? Impairment
    {
        get => _impairer?.Settings;
        set
        {
            _impairer?.End();
            _impairer = value is null ? null : new Impairer(this, value);
        }
    }

    /// <summary>What the link does to frames that come from outside, or null: for a link whose other end has no impairment.</summary>
    public LinkImpairment? ReceiveImpairment
    {
        get => _receiveImpairer?.Settings;
        set
        {
            _receiveImpairer?.End();
            _receiveImpairer = value is null ? null : new Impairer(this, value, isInbound: true);
        }
    }

    /// <summary>accept_ra: 0 never, 1 unless it is a router's, 2 always.</summary>
    public int AdvertisementPolicy { get; set; }

    /// <summary>accept_ra and autoconf of net.ipv6.conf.NAME: whenever it is up it configures itself (<see cref="IsAutoconfigured"/>).</summary>
    public bool AcceptsAdvertisements
    {
        get => _acceptsAdvertisements;
        set
        {
            _acceptsAdvertisements = value;
            if (!value && IsAutoconfigured)
            {
                IsAutoconfigured = false;
            }

            OnUpOrDown();
        }
    }

    /// <summary>What it has found by itself; null unless <see cref="IsAutoconfigured"/>.</summary>
    public Autoconfiguration? Autoconfiguration { get; private set; }

    /// <summary>It gives itself IPv6 addresses and finds its routers (RFC 4862). To be set while it is up.</summary>
    public bool IsAutoconfigured
    {
        get => Autoconfiguration is not null;
        set
        {
            Autoconfiguration?.End();
            Autoconfiguration = value ? new Autoconfiguration(this) : null;
        }
    }

    /// <inheritdoc/>
    public override EthernetAddress? HardwareAddress => Address;

    /// <summary>Neighbours whose address is known.</summary>
    public IEnumerable<(IPAddress Address, EthernetAddress Hardware)> Neighbours => _neighbours.Known;

    /// <summary>What it is plugged into, instead of the delegate.</summary>
    internal IFrameCarrier? Carrier { get; set; }

    /// <summary>It takes frames for its own address alone, as a device does; an end of a pair, and a program's interface, have no filter and
    /// take all (veth_xmit and tun_get_user of Linux), and what they carry gets them, too.</summary>
    internal bool FiltersAddresses => Vlan?.Lower.FiltersAddresses ?? (Pair is null && Driver is null);

    /// <summary>A frame came.</summary>
    public void Receive(ReadOnlySpan<byte> bytes)
    {
        if (IsUp && bytes.Length <= MaxFrame)
        {
            var packet = Stack.Pool.Copy(bytes);
            if (_receiveImpairer is null)
            {
                Receive(packet);
            }
            else
            {
                _receiveImpairer.Take(packet);
            }
        }
    }

    /// <summary>A frame came; owns it.</summary>
    internal void Receive(PacketBuffer packet)
    {
        if (!IsUp || packet.Length > MaxFrame || !EthernetFrame.TryParse(packet.Unfinished, out var frame))
        {
            Stack.Pool.Return(packet);
            return;
        }

        if (IsSeen)
        {
            Show(packet.Bytes, isOutgoing: false);
        }

        if (Vlans.Count > 0 && VlanTag.Read(packet.Unfinished) is { } number && FindVlan(number) is { } vlan)
        {
            Counters.ReceivedPackets++;
            Counters.ReceivedBytes += packet.Length;
            VlanTag.Remove(packet);
            vlan.Interface.Receive(packet);
            return;
        }

        if (Port is { } port)
        {
            Counters.ReceivedPackets++;
            Counters.ReceivedBytes += packet.Length;
            port.Bridge.Forward(port, packet);
            return;
        }

        if (!(frame.Destination == Address || frame.Destination.IsMulticast) || frame.Source.IsMulticast)
        {
            Stack.Pool.Return(packet);
            return;
        }

        switch (frame.Type)
        {
            case EthernetFrame.TypeArp:
                InputArp(frame.Payload);
                break;
            case EthernetFrame.TypeIPv4 or EthernetFrame.TypeIPv6:
                packet.IsLinkBroadcast = frame.Destination.IsMulticast;
                packet.TrimFront(EthernetFrame.HeaderSize);
                Input(packet);
                return;
        }

        Stack.Pool.Return(packet);
    }

    /// <summary>Everything that is known of neighbours, or asked for.</summary>
    public IEnumerable<NeighbourEntry> NeighbourEntries => _neighbours.All.Select(entry =>
        new NeighbourEntry(entry.Address, entry.Hardware, entry.ReachableUntil > Stack.Now, entry.ReachableUntil == Neighbour.Forever));

    /// <summary>Sets the MAC address of a neighbour: for ever, or until it is old.</summary>
    public void SetNeighbour(IPAddress address, EthernetAddress hardware, bool isPermanent) => _neighbours.Set(address, hardware, isPermanent);

    /// <summary>Forgets a neighbour; false when there is none.</summary>
    public bool RemoveNeighbour(IPAddress address) => _neighbours.Remove(address);

    /// <summary>Forgets its neighbours; before the interface goes away.</summary>
    public void Flush() => _neighbours.Clear();

    internal override void OutputFrame(PacketBuffer frame) => Transmit(frame);

    internal override void Suspect(IPAddress nextHop) => _neighbours.Suspect(nextHop);

    internal override void Output(PacketBuffer packet, IPAddress nextHop)
    {
        if (!IsUp)
        {
            Counters.SendDrops++;
            Stack.Pool.Return(packet);
        }
        else if (nextHop.IsMulticast)
        {
            Send(packet, EthernetAddress.OfMulticast(nextHop));
        }
        else if (Stack.IsBroadcast(nextHop))
        {
            Send(packet, EthernetAddress.Broadcast);
        }
        else if (LeadsNowhere)
        {
            Send(packet, Address); // there is nobody to ask (arp_constructor of Linux, IFF_NOARP)
        }
        else if (_neighbours.Resolve(nextHop, packet) is { } hardware)
        {
            Send(packet, hardware);
        }
    }

    /// <summary>Sends a packet to a MAC address; owns it.</summary>
    internal void Send(PacketBuffer packet, EthernetAddress destination)
    {
        var type = packet.Unfinished[0] >> 4 == 4 ? EthernetFrame.TypeIPv4 : EthernetFrame.TypeIPv6;
        EthernetFrame.Write(packet.Prepend(EthernetFrame.HeaderSize), destination, Address, type);
        Transmit(packet);
    }

    /// <summary>Asks who has an address: ARP by broadcast, or a solicitation to the address's own group (RFC 4861, section 7.2.2).</summary>
    /// <param name="address">The address.</param>
    /// <param name="known">Where it was last: it alone is asked.</param>
    /// <param name="waiting">The first packet that waits for the answer.</param>
    internal void Ask(IPAddress address, EthernetAddress? known = null, PacketBuffer? waiting = null)
    {
        if ((SourceOf(waiting, address) ?? SourceFor(address)) is not { } source)
        {
            return;
        }

        if (address.IsV4)
        {
            SendArp(ArpPacket.Request, source, known ?? EthernetAddress.Broadcast, default, address);
            return;
        }

        var group = new IPAddress(0xff02_0000_0000_0000, 0x1_ff00_0000 | (address.Low & 0xff_ffff));
        SendNeighbour(isSolicitation: true, isSolicited: false, address, source, known is null ? group : address);
    }

    /// <summary>A solicitation or advertisement came, with its checksum checked and the hop limit that proves that it is of this link.</summary>
    internal void InputNeighbour(in IPHeader header, ReadOnlySpan<byte> bytes)
    {
        if (bytes[0] == RouterAdvertisement.Type)
        {
            Autoconfiguration?.InputRouter(header, bytes);
            return;
        }

        if (!NeighbourMessage.TryParse(bytes, out var message))
        {
            return;
        }

        // Somebody has what we are about to take, or is about to take it too (RFC 4862, section 5.4.3 and 5.4.4).
        if ((!message.IsSolicitation || header.Source.IsUnspecified) && Autoconfiguration?.IsTaken(message.Target) == true)
        {
            return;
        }

        if (!message.IsSolicitation)
        {
            if (message.Hardware is { } told)
            {
                _neighbours.Learn(message.Target, told, isAnswer: message.IsSolicited, create: false);
            }

            return;
        }

        var isOurs = AddressList.Exists(Predicate(message.Target));
        if (!isOurs)
        {
            return;
        }

        // From nobody: somebody checks whether the address is free (RFC 4862, section 5.4), and everybody is told.
        var isCheck = header.Source.IsUnspecified;
        if (!isCheck && message.Hardware is { } hardware)
        {
            _neighbours.Learn(header.Source, hardware, isAnswer: false, create: true);
        }

        SendNeighbour(isSolicitation: false, isSolicited: !isCheck, message.Target, message.Target, isCheck ? new IPAddress(0xff02_0000_0000_0000, 1) : header.Source);
    }

    private VlanLink? FindVlan(ushort number)
    {
        for (var i = 0; i < Vlans.Count; i++)
        {
            if (Vlans[i].Number == number)
            {
                return Vlans[i];
            }
        }

        return null;
    }

    private static Predicate<Prefix> Predicate(IPAddress address) => prefix => prefix.Address == address;

    /// <summary>RFC 826, "Packet Reception".</summary>
    private void InputArp(ReadOnlySpan<byte> bytes)
    {
        if (!ArpPacket.TryParse(bytes, out var arp) || AddressList.Exists(Predicate(arp.Sender)))
        {
            return; // broken, or somebody claims to be us
        }

        var isForUs = IsAnswered(arp.Target, arp.Sender);
        var sender = arp.Sender;
        if (!sender.IsUnspecified && AddressList.Exists(prefix => prefix.Contains(sender)))
        {
            _neighbours.Learn(sender, arp.SenderHardware, isAnswer: arp.Operation == ArpPacket.Reply && isForUs, create: isForUs && arp.Operation == ArpPacket.Request);
        }

        if (isForUs && arp.Operation == ArpPacket.Request)
        {
            SendArp(ArpPacket.Reply, arp.Target, arp.SenderHardware, arp.SenderHardware, arp.Sender);
        }
    }

    /// <summary>Addresses are the machine's, not an interface's, unless arp_ignore says so (arp_process and arp_ignore of Linux).</summary>
    private bool IsAnswered(IPAddress target, IPAddress sender)
    {
        var isOwn = AddressList.Exists(Predicate(target));
        return Math.Max(ArpIgnore, Stack.Options.ArpIgnore) switch
        {
            0 => isOwn || (!target.IsLoopback && Stack.IsLocal(target)),
            1 => isOwn,
            2 => isOwn && (sender.IsUnspecified || AddressList.Exists(prefix => prefix.Address == target && prefix.Contains(sender))),
            8 => false, // 3 leaves out addresses of the machine alone: those of 127, which nobody outside is told of anyway
            _ => isOwn || (!target.IsLoopback && Stack.IsLocal(target)),
        };
    }

    /// <summary>A question comes from the address that its packet comes from, whatever interface has it, unless arp_announce says otherwise: 1, only
    /// when this interface has both in one network; 2, never (arp_solicit of Linux).</summary>
    private IPAddress? SourceOf(PacketBuffer? waiting, IPAddress target)
    {
        const int sourceOffset = 12; // in the header of IPv4
        var level = Math.Max(ArpAnnounce, Stack.Options.ArpAnnounce);
        if (waiting is null || !target.IsV4 || level >= 2)
        {
            return null;
        }

        var source = IPAddress.FromBytes(waiting.Unfinished.Slice(sourceOffset, 4));
        return source.IsLoopback || !Stack.IsLocal(source) || (level == 1 && !AddressList.Exists(prefix => prefix.Contains(target) && prefix.Contains(source))) ? null : source;
    }

    private void SendArp(ushort operation, IPAddress source, EthernetAddress destination, EthernetAddress targetHardware, IPAddress target)
    {
        var packet = Stack.Pool.Rent(ArpPacket.Size);
        ArpPacket.Write(packet.Bytes, operation, Address, source, targetHardware, target);
        EthernetFrame.Write(packet.Prepend(EthernetFrame.HeaderSize), destination, Address, EthernetFrame.TypeArp);
        Transmit(packet);
    }

    private void SendNeighbour(bool isSolicitation, bool isSolicited, IPAddress target, IPAddress source, IPAddress destination)
    {
        var packet = Stack.Pool.Rent(NeighbourMessage.Size);
        NeighbourMessage.Write(packet.Bytes, isSolicitation, isSolicited, target, Address);
        _ = Stack.Icmp.Send(source, destination, packet, new Path(this, destination, source), hopLimit: 255);
    }

    /// <summary>Asks, as nobody, whether somebody has an address (RFC 4862, section 5.4.2).</summary>
    internal void SendCheck(IPAddress address)
    {
        // Without a link-layer address (RFC 4861, section 4.3): nobody shall learn one.
        var packet = Stack.Pool.Rent(NeighbourMessage.Size);
        NeighbourMessage.Write(packet.Bytes, isSolicitation: true, isSolicited: false, address, Address);
        packet.Length = NeighbourMessage.Size - 8;
        var group = GroupTable.SolicitedNode(address);
        _ = Stack.Icmp.Send(IPAddress.AnyV6, group, packet, new Path(this, group, IPAddress.AnyV6), hopLimit: 255, echo: false); // we are not somebody
    }

    /// <summary>Asks for routers (RFC 4861, section 6.3.7).</summary>
    internal void SendRouterSolicitation(IPAddress source)
    {
        var packet = Stack.Pool.Rent(16);
        var bytes = packet.Bytes;
        bytes.Clear();
        (bytes[0], bytes[8], bytes[9]) = (RouterAdvertisement.SolicitationType, 1, 1); // with our link-layer address
        Address.Write(bytes[10..]);
        _ = Stack.Icmp.Send(source, GroupTable.AllRouters, packet, new Path(this, GroupTable.AllRouters, source), hopLimit: 255);
    }

    /// <summary>Sends a whole frame as it is; owns it.</summary>
    internal void Transmit(PacketBuffer frame)
    {
        if (!IsUp || !HasCarrier)
        {
            Counters.SendDrops++;
            Stack.Pool.Return(frame);
            return;
        }

        if (IsSeen)
        {
            Show(frame.Bytes, isOutgoing: true);
        }

        Counters.SentPackets++;
        Counters.SentBytes += frame.Length;
        if (_impairer is null)
        {
            Put(frame);
        }
        else
        {
            _impairer.Take(frame);
        }
    }

    /// <summary>Puts a frame on the wire; owns it.</summary>
    internal void Put(PacketBuffer frame)
    {
        if (Carrier is not { } carrier)
        {
            _transmit?.Invoke(frame.Bytes);
            Stack.Pool.Return(frame);
        }
        else if (!carrier.Carry(this, frame))
        {
            Counters.SendDrops++;
            Stack.Pool.Return(frame);
        }
    }

    /// <inheritdoc/>
    private protected override void OnUpOrDown()
    {
        if (_acceptsAdvertisements && IsAttached && IsAutoconfigured != (IsUp && !IsV6Disabled))
        {
            IsAutoconfigured = IsUp && !IsV6Disabled;
        }
    }

    internal override void OnAttached(Stack stack, int index)
    {
        base.OnAttached(stack, index);
        Pair?.InboxOf(this).Open(stack);
    }

    internal override void OnDetached()
    {
        foreach (var vlan in Vlans)
        {
            _ = vlan.Interface.Stack.Detach(vlan.Interface);
        }

        if (Vlan is { } own)
        {
            own.Lower.Vlans = [.. own.Lower.Vlans.Where(other => other != own)];
        }

        Port?.Bridge.Remove(this);
        Impairment = ReceiveImpairment = null;
        _acceptsAdvertisements = IsAutoconfigured = false;
        Flush();
        Pair?.InboxOf(this).Close();
        base.OnDetached();
    }
}
