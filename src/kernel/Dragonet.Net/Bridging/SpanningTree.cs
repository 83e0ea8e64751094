namespace Dragonet.Net;

/// <summary>
/// The spanning tree protocol of IEEE 802.1D-1998, section 8: bridges agree on a root, and each keeps open only the ports of the shortest way
/// there, so that frames cannot run in circles. Names and numbers in comments are the standard's.
/// </summary>
internal sealed class SpanningTree(Bridge bridge) : StackTimer
{
    private const long Second = 1_000_000_000;
    private const long HelloTime = 2 * Second;
    private const long MaxAgeTime = 20 * Second;
    private const long ForwardDelayTime = 15 * Second;

    private readonly ulong _id = (ulong)bridge.Priority << 48 | bridge.Interface.Address.Value;
    private readonly List<TreePort> _ports = [];
    private ulong _root;
    private uint _rootCost;
    private TreePort? _rootPort;
    private (long MaxAge, long Hello, long Delay) _times = (MaxAgeTime, HelloTime, ForwardDelayTime);
    private bool _isChange;       // Topology Change: the root says so
    private bool _hasNoticed;     // Topology Change Detected: the root does not know yet
    private long _helloAt = long.MaxValue;
    private long _changeEndsAt = long.MaxValue;
    private long _noticeAt = long.MaxValue;

    public bool IsRoot => _root == _id;

    /// <summary>While the topology changes, what was learned grows old soon (8.3.5).</summary>
    public long Ageing => _isChange ? _times.Delay : long.MaxValue;

    /// <inheritdoc/>
    public override long Deadline
    {
        get
        {
            var next = Math.Min(_helloAt, Math.Min(_changeEndsAt, _noticeAt));
            foreach (var port in _ports)
            {
                next = Math.Min(next, port.NextDeadline);
            }

            return next;
        }
    }

    private long Now => bridge.Interface.Stack.Now;

    /// <summary>8.8.1: each bridge takes itself for the root at first.</summary>
    public void Begin()
    {
        _root = _id;
        foreach (var port in bridge.Ports)
        {
            Add(port);
        }

        SendHello();
        Arm();
    }

    /// <summary>Nothing happens any more.</summary>
    public void End() => bridge.Interface.Stack.Timers.Remove(this);

    /// <summary>8.8.2: a port begins as designated, blocking; selection moves it on.</summary>
    public void Add(BridgePort port)
    {
        var added = port.Tree;
        _ports.Add(added);
        added.State = PortState.Blocking;
        BecomeDesignated(added);
        SelectStates();
        Arm();
    }

    /// <summary>8.8.3.</summary>
    public void Remove(BridgePort port)
    {
        _ = _ports.Remove(port.Tree);
        port.Tree.State = PortState.Disabled;
        UpdateConfiguration();
        SelectStates();
        Arm();
    }

    /// <summary>A message came through a port.</summary>
    public void Receive(TreePort port, ReadOnlySpan<byte> frame)
    {
        if (!BridgeProtocolUnit.TryParse(frame, out var unit))
        {
            return;
        }

        if (unit.IsNotice)
        {
            if (IsDesignated(port))
            {
                port.OwesAcknowledgement = true;
                DetectChange();
                Send(port);
            }
        }
        else
        {
            Receive(port, unit);
        }

        Arm();
    }

    /// <inheritdoc/>
    public override void Fire()
    {
        var now = Now;
        if (_helloAt <= now)
        {
            SendHello();
        }

        if (_noticeAt <= now)
        {
            SendNotice();
        }

        if (_changeEndsAt <= now)
        {
            (_hasNoticed, _isChange, _changeEndsAt) = (false, false, long.MaxValue);
        }

        foreach (var port in _ports.ToArray())
        {
            if (port.AgesAt <= now)
            {
                // 8.7.4: nobody says anything any more.
                var wasRoot = IsRoot;
                BecomeDesignated(port);
                UpdateConfiguration();
                SelectStates();
                if (IsRoot && !wasRoot)
                {
                    _times = (MaxAgeTime, HelloTime, ForwardDelayTime);
                    DetectChange();
                    SendHello();
                }
            }

            if (port.ForwardsAt <= now)
            {
                Advance(port);
            }
        }
    }

    /// <summary>8.7.1.</summary>
    private void Receive(TreePort port, in BridgeProtocolUnit unit)
    {
        if (!Supersedes(port, unit))
        {
            if (IsDesignated(port))
            {
                Send(port); // it should know better
            }

            return;
        }

        var wasRoot = IsRoot;
        (port.Root, port.Cost, port.Bridge, port.DesignatedPort) = (unit.Root, unit.Cost, unit.Bridge, unit.Port);
        port.AgesAt = Now + Math.Max(unit.MaxAge - unit.Age, Second / 256);
        UpdateConfiguration();
        SelectStates();
        if (wasRoot && !IsRoot)
        {
            _helloAt = long.MaxValue;
            if (_hasNoticed)
            {
                _changeEndsAt = long.MaxValue;
                SendNotice();
            }
        }

        if (port == _rootPort)
        {
            _times = (unit.MaxAge, unit.Hello, unit.Delay);
            _isChange = unit.IsChange;
            if (unit.IsAcknowledged)
            {
                (_hasNoticed, _noticeAt) = (false, long.MaxValue);
            }

            foreach (var other in _ports.Where(IsDesignated))
            {
                Send(other, unit.Age + Second / 256 * 16);
            }
        }
    }

    /// <summary>8.6.2.2.</summary>
    private bool Supersedes(TreePort port, in BridgeProtocolUnit unit)
    {
        var order = (unit.Root, unit.Cost, unit.Bridge).CompareTo((port.Root, port.Cost, port.Bridge));
        return order < 0 || (order == 0 && (unit.Bridge != _id || unit.Port <= port.DesignatedPort));
    }

    private bool IsDesignated(TreePort port) => port.Bridge == _id && port.DesignatedPort == port.Id;

    /// <summary>8.6.7: the root, the port that leads there, and the ports that this bridge is the way to the root for.</summary>
    private void UpdateConfiguration()
    {
        _rootPort = _ports.Where(port => !IsDesignated(port) && port.Root < _id && port.State != PortState.Disabled)
            .MinBy(port => (port.Root, port.Cost + (uint)port.PathCost, port.Bridge, port.DesignatedPort, port.Id));
        (_root, _rootCost) = _rootPort is { } way ? (way.Root, way.Cost + (uint)way.PathCost) : (_id, 0);
        foreach (var port in _ports)
        {
            if (IsDesignated(port) || port.Root != _root || (_rootCost, _id, port.Id).CompareTo((port.Cost, port.Bridge, port.DesignatedPort)) < 0)
            {
                BecomeDesignated(port);
            }
        }
    }

    private void BecomeDesignated(TreePort port)
    {
        (port.Root, port.Cost, port.Bridge, port.DesignatedPort) = (_root, _rootCost, _id, port.Id);
        port.AgesAt = long.MaxValue;
    }

    /// <summary>8.6.11.</summary>
    private void SelectStates()
    {
        foreach (var port in _ports)
        {
            if (port != _rootPort && !IsDesignated(port))
            {
                if (port.State is PortState.Forwarding or PortState.Learning)
                {
                    DetectChange();
                }

                (port.State, port.ForwardsAt, port.OwesAcknowledgement) = (PortState.Blocking, long.MaxValue, false);
            }
            else if (port.State == PortState.Blocking)
            {
                (port.State, port.ForwardsAt) = (PortState.Listening, Now + _times.Delay);
            }
        }
    }

    /// <summary>8.7.5: listening, learning, forwarding.</summary>
    private void Advance(TreePort port)
    {
        if (port.State == PortState.Listening)
        {
            (port.State, port.ForwardsAt) = (PortState.Learning, Now + _times.Delay);
        }
        else
        {
            (port.State, port.ForwardsAt) = (PortState.Forwarding, long.MaxValue);
            if (_ports.Exists(IsDesignated))
            {
                DetectChange();
            }
        }
    }

    /// <summary>8.6.14.</summary>
    private void DetectChange()
    {
        if (IsRoot)
        {
            _isChange = true;
            _changeEndsAt = Now + MaxAgeTime + ForwardDelayTime;
        }
        else if (!_hasNoticed)
        {
            SendNotice();
        }

        _hasNoticed = true;
    }

    private void SendHello()
    {
        _helloAt = IsRoot ? Now + HelloTime : long.MaxValue;
        foreach (var port in _ports.Where(IsDesignated))
        {
            Send(port);
        }
    }

    private void SendNotice()
    {
        _noticeAt = long.MaxValue;
        if (_rootPort is { } port)
        {
            _noticeAt = Now + HelloTime;
            Transmit(port, new BridgeProtocolUnit { IsNotice = true }, BridgeProtocolUnit.NoticeSize);
        }
    }

    private void Send(TreePort port, long age = 0)
    {
        if (port.State == PortState.Disabled || age >= _times.MaxAge)
        {
            return;
        }

        if (age == 0 && !IsRoot && _rootPort is { } way)
        {
            age = Math.Max(0, _times.MaxAge - (way.AgesAt - Now)) + Second / 256 * 16;
        }

        Transmit(port, new BridgeProtocolUnit(false, _isChange, port.OwesAcknowledgement, _root, _rootCost, _id, port.Id, age, _times.MaxAge, _times.Hello, _times.Delay), BridgeProtocolUnit.Size);
        port.OwesAcknowledgement = false;
    }

    private void Transmit(TreePort port, in BridgeProtocolUnit unit, int size)
    {
        var link = port.Port.Link;
        var frame = link.Stack.Pool.Rent(size);
        unit.Write(frame.Bytes, link.Address);
        link.Transmit(frame);
    }

    private void Arm() => bridge.Interface.Stack.Timers.Update(this);
}
