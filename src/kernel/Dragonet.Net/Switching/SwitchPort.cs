namespace Dragonet.Net;

/// <summary>A port of a <see cref="FrameSwitch"/>: one end of a link, with what is known of the other end.</summary>
public sealed class SwitchPort
{
    private readonly Dictionary<EthernetAddress, SwitchPort> _owners;

    internal SwitchPort(FrameSwitch owner, Stack stack, int number, SwitchPortOptions options, FrameSender sender, Dictionary<EthernetAddress, SwitchPort> owners)
    {
        _owners = owners;
        Number = number;
        Options = options;
        HardwareAddress = options.HardwareAddress;
        Queue = new FrameQueue(sender);
        var name = number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        Link = new EthernetInterface(stack, name, EthernetAddress.Derive(name), Queue.Send, FrameSwitch.MaxFrame - EthernetFrame.HeaderSize) { IsUp = true };
        Guard = new SourceGuard(owner, this);
    }

    /// <summary>Its number, which no other port has had.</summary>
    public int Number { get; }

    /// <summary>What was announced.</summary>
    public SwitchPortOptions Options { get; }

    /// <summary>The MAC address that it is bound to; null until its first frame, or for a trunk that announced none.</summary>
    public EthernetAddress? HardwareAddress { get; private set; }

    /// <summary>Frames for the other end that wait.</summary>
    public FrameQueue Queue { get; }

    /// <summary>Counters of what passed. What an impairment lost is in its drops and errors.</summary>
    public InterfaceCounters Counters => Link.Counters;

    /// <summary>What its link does to frames, or null.</summary>
    public LinkImpairment? Impairment => Link.Impairment;

    /// <summary>Frames that were refused because of whom they said they came from.</summary>
    public long Spoofed { get; internal set; }

    /// <summary>Frames that are none: too short, too long, from a group.</summary>
    public long Malformed { get; internal set; }

    internal EthernetInterface Link { get; }

    internal SourceGuard Guard { get; }

    /// <summary>The first frame says who it is.</summary>
    internal void Bind(EthernetAddress address)
    {
        HardwareAddress = address;
        _owners.Add(address, this);
    }
}
