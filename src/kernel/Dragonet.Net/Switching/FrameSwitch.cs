using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>
/// A switch for Ethernet frames: a <see cref="Bridge"/> without a place of its own, whose ports are links to whoever connects. It checks that nobody
/// sends as somebody else, shows monitors what passes, and its links can be bad. Like a stack it has no thread, no clock and no lock:
/// <see cref="SetTime"/> before a use, <see cref="Run"/> afterwards.
/// </summary>
public sealed class FrameSwitch
{
    /// <summary>Longest frame.</summary>
    public const int MaxFrame = 8320;

    private readonly Stack _stack;
    private readonly Bridge _bridge;
    private readonly List<SwitchPort> _ports = [];
    private readonly List<FrameQueue> _monitors = [];
    private readonly Dictionary<EthernetAddress, SwitchPort> _hardware = []; // bounded: one for each port
    private readonly Dictionary<IPAddress, SwitchPort> _addresses = [];      // bounded: MaxAnnounced for each port
    private LinkImpairment? _impairment;
    private int _lastNumber;

    /// <summary>A switch without ports.</summary>
    public FrameSwitch(FrameSwitchOptions options)
    {
        Options = options;
        _impairment = options.Impairment;
        _stack = new Stack(new StackOptions { Random = static () => 0 }); // it only forwards: nothing is to be guessed
        _bridge = new Bridge(_stack, "switch", EthernetAddress.Derive("switch"), MaxFrame)
        {
            HasHost = false,
            MaxAddresses = options.IsHub ? 0 : options.MaxAddresses,
            AgeingTime = options.AgeingTime,
        };
        _bridge.Interface.IsUp = true;
    }

    /// <summary>How it works.</summary>
    public FrameSwitchOptions Options { get; }

    /// <summary>Its ports, in the order in which they came.</summary>
    public IReadOnlyList<SwitchPort> Ports => _ports;

    /// <summary>When <see cref="Run"/> is to be called at the latest.</summary>
    public long NextDeadline => _stack.NextDeadline;

    /// <summary>Where addresses are: announced ones for good, others until they are old.</summary>
    public IReadOnlyList<(EthernetAddress Address, int Port, bool IsAnnounced)> ListAddresses()
        => [.. _bridge.ListAddresses().Select(entry => (entry.Address, _ports.Find(port => port.Link == entry.Link)!.Number, entry.IsStatic))];

    /// <summary>Tells the time.</summary>
    public void SetTime(long now) => _stack.SetTime(now);

    /// <summary>Does what is due now.</summary>
    public void Run() => _stack.Run();

    /// <summary>Somebody connects.</summary>
    /// <returns>EADDRINUSE when another one has announced one of his addresses; EXFULL when there are too many ports; EPERM for a trunk where there
    /// may be none; EINVAL for addresses that nobody can have.</returns>
    /// <param name="options">What he says of himself.</param>
    /// <param name="sender">The way to him.</param>
    /// <param name="isOurs">The switch's owner has plugged him in: he may be a trunk.</param>
    public Result<SwitchPort> Connect(SwitchPortOptions options, FrameSender sender, bool isOurs = false)
    {
        if (options.HardwareAddress is { } given && (given.IsMulticast || given.Value == 0 || given == _bridge.Interface.Address))
        {
            return Errno.EINVAL;
        }

        if (options.Addresses.Count > SwitchPortOptions.MaxAnnounced || options.Addresses.Any(static address => address.IsUnspecified || address.IsMulticast || address.IsLoopback || address.IsLimitedBroadcast))
        {
            return Errno.EINVAL;
        }

        if (options.IsTrunk && !Options.AllowsTrunks && !isOurs)
        {
            return Errno.EPERM;
        }

        if (_ports.Count >= Options.MaxPorts)
        {
            return Errno.EXFULL;
        }

        if ((options.HardwareAddress is { } wanted && _hardware.ContainsKey(wanted)) || options.Addresses.Any(_addresses.ContainsKey))
        {
            return Errno.EADDRINUSE;
        }

        var port = new SwitchPort(this, _stack, ++_lastNumber, options, sender, _hardware);
        if (!_bridge.Add(port.Link).Ok(out var place, out var error))
        {
            _ = _stack.Detach(port.Link);
            return error;
        }

        (place.Guard, place.MaxAddresses) = (port.Guard, Options.MaxAddressesOfPort);
        _ports.Add(port);
        if (options.HardwareAddress is { } own)
        {
            _hardware.Add(own, port);
            if (!Options.IsHub)
            {
                _bridge.SetAddress(own, place);
            }
        }

        foreach (var address in options.Addresses.Distinct())
        {
            _addresses.Add(address, port);
        }

        Impair(port, _impairment);
        return port;
    }

    /// <summary>Somebody has gone: what he had is free.</summary>
    public void Disconnect(SwitchPort port)
    {
        if (!_ports.Remove(port))
        {
            return;
        }

        _ = _stack.Detach(port.Link); // the bridge forgets what was behind it
        port.Queue.Clear();
        if (port.HardwareAddress is { } own)
        {
            _ = _hardware.Remove(own);
        }

        foreach (var address in port.Options.Addresses)
        {
            _ = _addresses.Remove(address);
        }
    }

    /// <summary>A frame came from the other end of a port.</summary>
    public void Receive(SwitchPort port, ReadOnlySpan<byte> frame)
    {
        if (frame.Length is < EthernetFrame.HeaderSize or > MaxFrame)
        {
            port.Malformed++;
        }
        else
        {
            port.Link.Receive(frame);
        }
    }

    /// <summary>Makes a link bad in both directions, or good again (null).</summary>
    /// <param name="port">Which; null for all, and those that come.</param>
    /// <param name="impairment">How. Each port and direction has a chance of its own, made of the seed.</param>
    public void Impair(SwitchPort? port, LinkImpairment? impairment)
    {
        if (port is null)
        {
            _impairment = impairment;
            _ports.ForEach(each => Impair(each, impairment));
            return;
        }

        var seed = (impairment?.Seed ?? 0) + (ulong)port.Number * 0x9e37_79b9;
        port.Link.Impairment = impairment is null ? null : impairment with { Seed = seed };
        port.Link.ReceiveImpairment = impairment is null ? null : impairment with { Seed = seed ^ 0xb };
    }

    /// <summary>Somebody gets a copy of every frame that is let in, once.</summary>
    public void AddMonitor(FrameQueue monitor) => _monitors.Add(monitor);

    /// <summary>Takes back <see cref="AddMonitor"/>.</summary>
    public void RemoveMonitor(FrameQueue monitor) => _monitors.Remove(monitor);

    internal SwitchPort? OwnerOf(EthernetAddress address) => _hardware.GetValueOrDefault(address);

    internal SwitchPort? OwnerOf(IPAddress address) => _addresses.GetValueOrDefault(address);

    internal void ShowToMonitors(ReadOnlySpan<byte> frame)
    {
        foreach (var monitor in _monitors)
        {
            monitor.Send(frame);
        }
    }
}
