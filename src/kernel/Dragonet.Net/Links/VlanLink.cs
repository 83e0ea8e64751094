using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>
/// An interface for one virtual network of a link (IEEE 802.1Q; ip-link(8), "vlan"): what it sends goes through the interface below with a tag, and
/// what comes there with that tag is its own. Both are in one stack; it goes with the interface below.
/// </summary>
public sealed class VlanLink : IFrameCarrier
{
    /// <summary>Numbers go from 1 up to this one.</summary>
    public const int MaxNumber = 4094;

    private const int MaxDepth = 2; // a network in a network

    private VlanLink(EthernetInterface lower, ushort number, string name)
    {
        (Lower, Number) = (lower, number);
        Interface = new EthernetInterface(null, name, lower.Address, lower.Mtu) { Carrier = this };
    }

    /// <summary>The interface of the network.</summary>
    public EthernetInterface Interface { get; }

    /// <summary>It is carried by a bridge's own place, which it cannot become a port of: frames would go round in circles.</summary>
    internal bool IsOnBridge => Lower.Bridge is not null || Lower.Vlan?.IsOnBridge == true;

    /// <summary>The interface that carries it.</summary>
    public EthernetInterface Lower { get; }

    /// <summary>The network's number.</summary>
    public ushort Number { get; }

    /// <summary>Makes one, down and without addresses.</summary>
    /// <returns>ERANGE for a number that is none; EMLINK for one too many in each other; EEXIST when the link has it, or the stack an interface of this name.</returns>
    public static Result<VlanLink> Create(EthernetInterface lower, int number, string name)
    {
        if (number is < 1 or > MaxNumber)
        {
            return Errno.ERANGE;
        }

        var depth = 1;
        for (var below = lower; below.Vlan is { } vlan; below = vlan.Lower)
        {
            depth++;
        }

        if (depth > MaxDepth)
        {
            return Errno.EMLINK;
        }

        if (lower.Vlans.Any(other => other.Number == number))
        {
            return Errno.EEXIST;
        }

        var made = new VlanLink(lower, (ushort)number, name);
        var error = lower.Stack.Attach(made.Interface);
        if (error != Errno.OK)
        {
            return error;
        }

        lower.Vlans = [.. lower.Vlans, made];
        return made;
    }

    bool IFrameCarrier.Carry(EthernetInterface from, PacketBuffer frame)
    {
        // A frame that was given a tag again and again on its way has no room left in front.
        if (frame.Start < 2 * VlanTag.Size)
        {
            return false;
        }

        VlanTag.Insert(frame, Number);
        Lower.Transmit(frame);
        return true;
    }
}
