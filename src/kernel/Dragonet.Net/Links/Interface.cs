namespace Dragonet.Net;

/// <summary>A network interface of a stack: addresses, and a way to send.</summary>
public abstract class Interface
{
    private protected Interface(Stack stack, string name, int mtu)
    {
        Stack = stack;
        Name = name;
        Mtu = mtu;
        Index = stack.Attach(this);
    }

    /// <summary>The stack it belongs to.</summary>
    public Stack Stack { get; }

    public string Name { get; }

    /// <summary>Its number, from 1.</summary>
    public int Index { get; }

    /// <summary>Longest IP packet that it can send.</summary>
    public int Mtu { get; set; }

    public bool IsUp { get; set; }

    /// <summary>Its addresses, each with the network that is reached through it.</summary>
    public IReadOnlyList<Prefix> Addresses => AddressList;

    public InterfaceCounters Counters { get; } = new();

    /// <summary>True for lo: nothing that goes there leaves the stack.</summary>
    public virtual bool IsLoopback => false;

    /// <summary>The MAC address, or null.</summary>
    public virtual EthernetAddress? HardwareAddress => null;

    internal List<Prefix> AddressList { get; } = [];

    /// <summary>Adds an address; the route to its network comes with it.</summary>
    /// <returns>False when it is there already.</returns>
    public bool AddAddress(Prefix address)
    {
        if (AddressList.Exists(other => other.Address == address.Address))
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
        return Stack.Routes.Remove(prefix.Network, this);
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
