using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>
/// A learning bridge (IEEE 802.1D) between Ethernet interfaces of one stack; <see cref="Interface"/> is the stack's own place in the network.
/// </summary>
public sealed class Bridge : IFrameCarrier
{
    private const int MaxPorts = 1024;
    private const ulong ReservedGroup = 0x0180_c200_0000; // 01:80:c2:00:00:00 to 0f are never passed on (802.1D-1998, table 7-10)

    private readonly List<BridgePort> _ports = [];
    private int _lastNumber;

    /// <summary>Adds a bridge to a stack, without ports and down.</summary>
    public Bridge(Stack stack, string name, EthernetAddress address, int mtu = 1500)
        => Interface = new EthernetInterface(stack, name, address, mtu) { Carrier = this };

    /// <summary>The stack's own place.</summary>
    public EthernetInterface Interface { get; }

    /// <summary>Its ports, in the order in which they came.</summary>
    public IReadOnlyList<BridgePort> Ports => _ports;

    /// <summary>Frames carry virtual networks, and ports let pass what they allow (802.1Q).</summary>
    public bool IsFilteringVlans { get; set; }

    /// <summary>Whether the stack itself is in the network. Else it only carries frames.</summary>
    public bool HasHost { get; init; } = true;

    /// <summary>Most addresses that it remembers.</summary>
    public int MaxAddresses
    {
        get => Table.MaxEntries;
        set => Table.MaxEntries = value;
    }

    /// <summary>How long it remembers an address after its last frame, in nanoseconds.</summary>
    public long AgeingTime
    {
        get => Table.AgeingTime;
        set => Table.AgeingTime = value;
    }

    /// <summary>Whether a spanning tree (802.1D-1998, section 8) keeps loops open. A new port then passes frames after 30 seconds.</summary>
    public bool HasSpanningTree
    {
        get => Tree is not null;
        set
        {
            if (value == HasSpanningTree)
            {
                return;
            }

            Tree?.End();
            Tree = value ? new SpanningTree(this) : null;
            Tree?.Begin();
        }
    }

    /// <summary>Its first place in the choice of the tree's root: the smaller the better, in steps of 4096.</summary>
    public ushort Priority { get; set; } = 0x8000;

    /// <summary>True when it is the root of its spanning tree.</summary>
    public bool IsRoot => Tree?.IsRoot ?? false;

    /// <summary>Whether frames for groups go only to ports behind which somebody wants them (Linux: mcast_snooping).</summary>
    public bool IsSnooping
    {
        get => Groups.IsOn;
        set => Groups.IsOn = value;
    }

    /// <summary>Most groups that it remembers; with one more it stops snooping (Linux: mcast_hash_max).</summary>
    public int MaxGroups
    {
        get => Groups.MaxGroups;
        set => Groups.MaxGroups = value;
    }

    /// <summary>Which groups are wanted behind which ports.</summary>
    public IReadOnlyList<(IPAddress Group, ushort Vlan, EthernetInterface Link)> ListGroups() => [.. Groups.List(Stack.Now)];

    /// <summary>Ports behind which a router asked or said hello.</summary>
    public IReadOnlyList<EthernetInterface> ListRouterPorts() => [.. Groups.Routers(Stack.Now).Select(static port => port.Link)];

    internal ForwardingTable Table { get; } = new();

    internal GroupSnooping Groups { get; } = new();

    internal SpanningTree? Tree { get; private set; }

    private Stack Stack => Interface.Stack;

    /// <summary>Makes an interface of the same stack a port.</summary>
    /// <returns>EBUSY when it is one already; ELOOP for a bridge, or what one carries; EINVAL for an interface of another stack.</returns>
    public Result<BridgePort> Add(EthernetInterface link)
    {
        if (!link.IsOf(Stack))
        {
            return Errno.EINVAL;
        }

        if (link.Bridge is not null || link.Vlan?.IsOnBridge == true)
        {
            return Errno.ELOOP;
        }

        if (link.Port is not null)
        {
            return Errno.EBUSY;
        }

        if (_ports.Count >= MaxPorts)
        {
            return Errno.EXFULL;
        }

        var port = new BridgePort(this, link, ++_lastNumber);
        _ports.Add(port);
        link.Port = port;
        Tree?.Add(port);
        return port;
    }

    /// <summary>Takes a port out.</summary>
    public bool Remove(EthernetInterface link)
    {
        if (link.Port is not { } port || port.Bridge != this)
        {
            return false;
        }

        _ = _ports.Remove(port);
        link.Port = null;
        Table.Flush(port);
        Groups.Forget(port);
        Tree?.Remove(port);
        return true;
    }

    /// <summary>Takes all ports out, and the bridge out of its stack.</summary>
    public void Delete()
    {
        foreach (var port in _ports.ToArray())
        {
            _ = Remove(port.Link);
        }

        HasSpanningTree = false;
        _ = Stack.Detach(Interface);
    }

    /// <summary>Where it knows addresses to be.</summary>
    public IReadOnlyList<ForwardingEntry> ListAddresses() => [.. Table.List(Stack.Now)];

    /// <summary>Says behind which port an address is, for good.</summary>
    public void SetAddress(EthernetAddress address, BridgePort port, ushort vlan = VlanTag.DefaultVlan) => Table.SetStatic(address, vlan, port, Stack.Now);

    /// <summary>Forgets an address.</summary>
    public bool RemoveAddress(EthernetAddress address, ushort vlan = VlanTag.DefaultVlan) => Table.Remove(address, vlan);

    bool IFrameCarrier.Carry(EthernetInterface from, PacketBuffer frame)
    {
        frame.IsLocal = !frame.IsDamaged;
        Forward(null, frame);
        return true;
    }

    /// <summary>A frame came through a port, or from the stack itself (null); owns it.</summary>
    internal void Forward(BridgePort? from, PacketBuffer packet)
    {
        if (!Interface.IsUp || !EthernetFrame.TryParse(packet.Unfinished, out var frame))
        {
            Stack.Pool.Return(packet);
            return;
        }

        var (source, destination) = (frame.Source, frame.Destination);
        if ((destination.Value & ~0xfUL) == ReservedGroup)
        {
            if (from is not null && destination.Value == ReservedGroup)
            {
                Tree?.Receive(from.Tree, packet.Bytes);
            }

            Stack.Pool.Return(packet);
            return;
        }

        var vlan = VlanTag.DefaultVlan;
        if (!Admit(from, source, packet, ref vlan))
        {
            Stack.Pool.Return(packet);
            return;
        }

        if (HasHost && destination == Interface.Address && from is not null)
        {
            DeliverHere(packet, vlan);
        }
        else if (!destination.IsMulticast && Table.Find(destination, vlan, Stack.Now, Tree?.Ageing ?? long.MaxValue) is { } port)
        {
            if (Reaches(from, port, vlan))
            {
                Send(port, packet, vlan);
            }
            else
            {
                Stack.Pool.Return(packet);
            }
        }
        else
        {
            Flood(from, packet, vlan, destination.IsMulticast, destination.IsMulticast ? Groups.Look(from, packet.Bytes, vlan, Stack.Now) : null);
        }
    }

    /// <summary>Classifies a frame, and remembers its sender; false when it goes no further.</summary>
    private bool Admit(BridgePort? from, EthernetAddress source, PacketBuffer packet, ref ushort vlan)
    {
        if (from is null)
        {
            return true;
        }

        if (from.State is not (PortState.Learning or PortState.Forwarding) || source.IsMulticast || source == Interface.Address)
        {
            return false;
        }

        if (from.Guard?.Admits(packet.Bytes) == false)
        {
            return false;
        }

        if (IsFilteringVlans)
        {
            vlan = VlanTag.Read(packet.Bytes) ?? from.PortVlan;
            if (vlan == 0 || !from.Allows(vlan))
            {
                return false;
            }

            if (VlanTag.Has(packet.Bytes))
            {
                VlanTag.Remove(packet); // inside, the network is known beside the frame
            }
        }

        return (!from.IsLearning || Table.Learn(source, vlan, from, Stack.Now)) && from.State == PortState.Forwarding;
    }

    private bool Reaches(BridgePort? from, BridgePort to, ushort vlan) =>
        to != from && to.State == PortState.Forwarding && to.Link.IsUp && !(from is { IsPrivate: true } && to.IsPrivate) && (!IsFilteringVlans || to.Allows(vlan));

    /// <param name="from">Where the frame came from; null for the stack.</param>
    /// <param name="packet">The frame.</param>
    /// <param name="vlan">Its network.</param>
    /// <param name="isMulticast">It is for many.</param>
    /// <param name="wanting">The ports behind which somebody wants it; null for all.</param>
    private void Flood(BridgePort? from, PacketBuffer packet, ushort vlan, bool isMulticast, HashSet<BridgePort>? wanting)
    {
        foreach (var port in _ports)
        {
            if (wanting?.Contains(port) != false && (isMulticast || port.IsFlooding) && Reaches(from, port, vlan))
            {
                var copy = Stack.Pool.Copy(packet.Bytes);
                (copy.IsLocal, copy.IsDamaged) = (packet.IsLocal, packet.IsDamaged);
                Send(port, copy, vlan);
            }
        }

        if (HasHost && from is not null && (isMulticast || Interface.IsPromiscuous))
        {
            DeliverHere(packet, vlan);
        }
        else
        {
            Stack.Pool.Return(packet);
        }
    }

    private void DeliverHere(PacketBuffer packet, ushort vlan)
    {
        if (IsFilteringVlans && vlan != VlanTag.DefaultVlan)
        {
            Stack.Pool.Return(packet); // the stack itself is in the default network
        }
        else
        {
            Interface.Receive(packet);
        }
    }

    private void Send(BridgePort port, PacketBuffer packet, ushort vlan)
    {
        if (IsFilteringVlans && !port.IsUntagged(vlan))
        {
            VlanTag.Insert(packet, vlan);
        }

        if (packet.Length > port.Link.Mtu + EthernetFrame.HeaderSize + VlanTag.Size)
        {
            port.Link.Counters.SendDrops++;
            Stack.Pool.Return(packet);
            return;
        }

        port.Link.Transmit(packet);
    }
}
