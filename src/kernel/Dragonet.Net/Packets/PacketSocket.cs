using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>A packet socket (packet(7)): it gets what passes an interface, or all of them, and sends frames as they are.</summary>
public sealed class PacketSocket
{
    /// <summary>ETH_P_ALL.</summary>
    public const ushort AllProtocols = 3;

    private readonly PacketLayer _layer;
    private readonly Queue<(byte[] Bytes, PacketInfo About)> _incoming = new();
    private readonly List<int> _promiscuous = [];
    private readonly RingTimer _ringTimer;
    private int _held;
    private Errno _error;
    private bool _isClosed;

    internal PacketSocket(PacketLayer layer, bool isRaw, ushort protocol)
    {
        _layer = layer;
        IsRaw = isRaw;
        Protocol = protocol;
        _ringTimer = new RingTimer(this, layer.Stack);
        layer.Add(this);
    }

    /// <summary>Woken when something changes.</summary>
    public WaitQueue Queue { get; } = new();

    /// <summary>SOCK_RAW: frames have their link header; else (SOCK_DGRAM) they begin behind it.</summary>
    public bool IsRaw { get; }

    /// <summary>The EtherType that it gets; 0 for none, <see cref="AllProtocols"/> for all.</summary>
    public ushort Protocol { get; private set; }

    /// <summary>The interface that it listens to; 0 for all.</summary>
    public int InterfaceIndex { get; private set; }

    /// <summary>Anything the user wants to find again.</summary>
    public object? Tag { get; set; }

    /// <summary>SO_ATTACH_FILTER.</summary>
    public PacketFilter? Filter { get; set; }

    /// <summary>PACKET_RX_RING: takes frames in place of the queue.</summary>
    public IPacketRing? Ring { get; set; }

    /// <summary>PACKET_IGNORE_OUTGOING.</summary>
    public bool IgnoresOutgoing { get; set; }

    /// <summary>SO_RCVBUF.</summary>
    public int ReceiveBuffer { get; set; } = 212992;

    /// <summary>Frames that came since the counters were read (PACKET_STATISTICS).</summary>
    public int Seen { get; private set; }

    /// <summary>Those of them for which there was no room.</summary>
    public int Drops { get; private set; }

    /// <summary>Length of the first frame (FIONREAD).</summary>
    public int NextLength => _incoming.TryPeek(out var first) ? first.Bytes.Length : 0;

    /// <summary>bind(2): ENODEV for an interface that is not here; one that is down is bound, and an error waits (packet(7)).</summary>
    public Errno Bind(int index, ushort protocol)
    {
        if (Group is not null)
        {
            return Errno.EINVAL; // packet_do_bind of Linux
        }

        var link = index == 0 ? null : _layer.Stack.FindInterface(index);
        if (index != 0 && link is null)
        {
            return Errno.ENODEV;
        }

        InterfaceIndex = index;
        Protocol = protocol != 0 ? protocol : Protocol;
        if (link is { IsUp: false })
        {
            _error = Errno.ENETDOWN;
            _ = Queue.Wake();
        }

        return Errno.OK;
    }

    /// <summary>PACKET_MR_PROMISC on an interface, once more or once less.</summary>
    public Errno SetPromiscuous(int index, bool value)
    {
        if (_isClosed || _layer.Stack.FindInterface(index) is null)
        {
            return _isClosed ? Errno.EBADF : Errno.ENODEV;
        }

        if (value)
        {
            _promiscuous.Add(index);
        }
        else if (!_promiscuous.Remove(index))
        {
            return Errno.EADDRNOTAVAIL;
        }

        _layer.CountPromiscuous(index, value ? 1 : -1);
        return Errno.OK;
    }

    /// <summary>How long a frame may be that is sent now: ENXIO without an interface, ENETDOWN when it is down.</summary>
    /// <param name="index">Through which interface; 0 for the one it is bound to.</param>
    public Result<int> GetLargest(int index)
    {
        if (_layer.Stack.FindInterface(index != 0 ? index : InterfaceIndex) is not { } link)
        {
            return Errno.ENXIO;
        }

        return link.IsUp ? link.Mtu + (IsRaw && link.HardwareAddress is not null ? EthernetFrame.HeaderSize : 0) : Errno.ENETDOWN;
    }

    /// <summary>sendto(2): a whole frame (SOCK_RAW), or what is behind a header to be made.</summary>
    /// <param name="data">The bytes.</param>
    /// <param name="index">Through which interface; 0 for the one it is bound to.</param>
    /// <param name="protocol">The EtherType of the header to be made; 0 for the one it is bound to.</param>
    /// <param name="to">Whom the header names.</param>
    public Result<int> Send(ReadOnlySpan<byte> data, int index, ushort protocol, EthernetAddress to)
    {
        if (!GetLargest(index).Ok(out var largest, out var error))
        {
            return error;
        }

        var link = _layer.Stack.FindInterface(index != 0 ? index : InterfaceIndex)!;
        var header = link.HardwareAddress is null ? 0 : EthernetFrame.HeaderSize;
        if (IsRaw && data.Length < header)
        {
            return Errno.EINVAL;
        }

        if (data.Length > largest)
        {
            return Errno.EMSGSIZE;
        }

        var packet = _layer.Stack.Pool.Copy(data);
        if (!IsRaw && header > 0)
        {
            EthernetFrame.Write(packet.Prepend(header), to, link.HardwareAddress ?? default, protocol != 0 ? protocol : Protocol);
        }

        link.OutputFrame(packet);
        return data.Length;
    }

    /// <summary>recvfrom(2): EAGAIN when there is nothing.</summary>
    public Result<int> Receive(Span<byte> destination, bool peek, out PacketInfo about)
    {
        about = default;
        if (TakeError() is not Errno.OK and var error)
        {
            return error;
        }

        if (!_incoming.TryPeek(out var first))
        {
            return Errno.EAGAIN;
        }

        about = first.About;
        var count = Math.Min(destination.Length, first.Bytes.Length);
        first.Bytes.AsSpan(0, count).CopyTo(destination);
        if (!peek)
        {
            _ = _incoming.Dequeue();
            _held -= first.Bytes.Length;
            _layer.Stack.Buffers.Release(first.Bytes.Length);
        }

        return count;
    }

    /// <summary>The counters, which begin anew.</summary>
    public (int Seen, int Drops) TakeStatistics()
    {
        var both = (Seen, Drops);
        (Seen, Drops) = (0, 0);
        Ring?.ForgetLosses();
        return both;
    }

    /// <summary>SO_ERROR: the pending error, which is cleared.</summary>
    public Errno TakeError()
    {
        var error = _error;
        _error = Errno.OK;
        return error;
    }

    /// <summary>The state for poll(2).</summary>
    public PollEvents Poll() => PollEvents.POLLOUT | PollEvents.POLLWRNORM
        | (_incoming.Count > 0 || Ring?.HasData == true ? PollEvents.POLLIN | PollEvents.POLLRDNORM : 0)
        | (_error != Errno.OK ? PollEvents.POLLERR : 0);

    /// <summary>It was closed: a call that began before takes nothing for it any more.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>The last close.</summary>
    public void Close()
    {
        if (_isClosed)
        {
            return;
        }

        _isClosed = true;
        foreach (var index in _promiscuous)
        {
            _layer.CountPromiscuous(index, -1);
        }

        _layer.Remove(this);
        if (Group is { } group)
        {
            _layer.Leave(this, group);
        }

        _layer.Stack.Buffers.Release(_held);
        _held = 0;
        _incoming.Clear();
        Ring = null;
        _layer.Stack.Timers.Remove(_ringTimer);
    }

    /// <summary>The group that it shares frames with (PACKET_FANOUT), or null.</summary>
    internal FanoutGroup? Group { get; private set; }

    /// <summary>Something more would find room.</summary>
    internal bool HasRoom => Ring is { } ring ? ring.HasRoom : _held < ReceiveBuffer;

    /// <summary>PACKET_FANOUT: the number of its group and its kind, as they are read back; 0 without one.</summary>
    public uint Fanout => Group is { } group ? group.Id | (uint)group.Mode << 16 | (uint)group.Flags << 16 : 0;

    /// <summary>PACKET_ROLLOVER_STATS; null for a socket that hands nothing on.</summary>
    public (ulong All, ulong Failed)? Rolled => Group is { } group && (group.Mode == PacketOption.PACKET_FANOUT_ROLLOVER || (group.Flags & PacketOption.PACKET_FANOUT_FLAG_ROLLOVER) != 0) ? group.Rolled : null;

    /// <summary>PACKET_FANOUT: EALREADY when it is in a group.</summary>
    public Errno Join(ushort id, byte mode, ushort flags)
    {
        const ushort known = PacketOption.PACKET_FANOUT_FLAG_ROLLOVER | PacketOption.PACKET_FANOUT_FLAG_UNIQUEID | PacketOption.PACKET_FANOUT_FLAG_DEFRAG;
        if (mode > PacketOption.PACKET_FANOUT_QM || (flags & ~known) != 0 || (mode == PacketOption.PACKET_FANOUT_ROLLOVER && (flags & PacketOption.PACKET_FANOUT_FLAG_ROLLOVER) != 0)
            || Protocol == 0)
        {
            return Errno.EINVAL;
        }

        if (Group is not null || _isClosed)
        {
            return _isClosed ? Errno.EBADF : Errno.EALREADY;
        }

        if (!_layer.Join(this, id, mode, flags).Ok(out var group, out var error))
        {
            return error;
        }

        Group = group;
        return Errno.OK;
    }

    /// <summary>True for what it listens to.</summary>
    internal bool IsFor(int index, ushort protocol, PacketKind kind) => (InterfaceIndex == 0 || InterfaceIndex == index)
        && (Protocol == AllProtocols ? !(IgnoresOutgoing && kind == PacketKind.Outgoing) : Protocol == protocol && kind != PacketKind.Outgoing);

    /// <summary>Something passes an interface.</summary>
    internal void Input(ReadOnlySpan<byte> frame, in PacketInfo about)
    {
        if (!IsFor(about.InterfaceIndex, about.Protocol, about.Kind))
        {
            return;
        }

        var bytes = IsRaw ? frame : frame[about.NetworkOffset..];
        var shown = about with { Length = bytes.Length, NetworkOffset = IsRaw ? about.NetworkOffset : 0 };
        if (Filter is { } filter)
        {
            var wanted = filter.Run(bytes, shown.NetworkOffset, shown);
            if (wanted == 0)
            {
                return;
            }

            bytes = bytes[..(int)Math.Min(wanted, (uint)bytes.Length)];
        }

        Seen++;
        if (Ring is { } ring)
        {
            var flow = ring.WantsFlow ? Math.Max((uint)FlowHash.Of(_layer.Stack, frame[about.NetworkOffset..]), 1) : 0; // never 0, as skb_get_hash of Linux
            Drops += ring.Put(bytes, shown, flow) ? 0 : 1;
            _layer.Stack.Timers.Update(_ringTimer);
        }
        else if (_held >= ReceiveBuffer || !_layer.Stack.Buffers.TryCharge(bytes.Length))
        {
            Drops++;
            return;
        }
        else
        {
            _held += bytes.Length;
            _incoming.Enqueue((bytes.ToArray(), shown));
        }

        _ = Queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
    }
}
