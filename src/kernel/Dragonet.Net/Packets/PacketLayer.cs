using System.Buffers;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>The packet sockets of one stack (packet(7)): what passes its interfaces is shown to them.</summary>
internal sealed class PacketLayer(Stack stack)
{
    private const ushort EthernetType = 1;    // ARPHRD_ETHER
    private const ushort LoopbackType = 772;  // ARPHRD_LOOPBACK
    private const ushort HeaderlessType = 0xfffe;

    private readonly List<PacketSocket> _sockets = [];
    private readonly Dictionary<int, int> _promiscuous = []; // by the interface's number: how many want it

    public int SocketCount => _sockets.Count;

    public Stack Stack => stack;

    public IEnumerable<PacketSocket> List() => _sockets;

    public void Add(PacketSocket socket) => _sockets.Add(socket);

    public void Remove(PacketSocket socket) => _ = _sockets.Remove(socket);

    private readonly List<FanoutGroup> _groups = [];

    /// <summary>PACKET_FANOUT: the group of this number, made when there is none. EINVAL for one of another kind, or whose members listen to something else.</summary>
    public Result<FanoutGroup> Join(PacketSocket socket, ushort id, byte mode, ushort flags)
    {
        var kept = (ushort)(flags & ~PacketOption.PACKET_FANOUT_FLAG_UNIQUEID);
        if ((flags & PacketOption.PACKET_FANOUT_FLAG_UNIQUEID) != 0)
        {
            if (id != 0 || _groups.Count > ushort.MaxValue / 2)
            {
                return id != 0 ? Errno.EINVAL : Errno.ENOMEM;
            }

            do
            {
                id = (ushort)stack.Options.Random();
            }
            while (_groups.Exists(known => known.Id == id));
        }

        var group = _groups.Find(known => known.Id == id);
        if (group is null)
        {
            _groups.Add(group = new FanoutGroup(stack, id, mode, kept));
        }
        else if (group.Mode != mode || group.Flags != kept || group.First.Protocol != socket.Protocol || group.First.InterfaceIndex != socket.InterfaceIndex
            || group.First.IsRaw != socket.IsRaw)
        {
            return Errno.EINVAL;
        }
        else if (group.Count >= FanoutGroup.MaxMembers)
        {
            return Errno.ENOSPC;
        }

        group.Add(socket);
        return group;
    }

    public void Leave(PacketSocket socket, FanoutGroup group)
    {
        group.Remove(socket);
        if (group.Count == 0)
        {
            _ = _groups.Remove(group);
        }
    }

    /// <summary>One more or one less who wants frames for others, too.</summary>
    public void CountPromiscuous(int index, int change)
    {
        var count = _promiscuous.GetValueOrDefault(index) + change;
        if (count > 0)
        {
            _promiscuous[index] = count;
        }
        else
        {
            _ = _promiscuous.Remove(index);
        }

        if (stack.FindInterface(index) is { } link)
        {
            link.IsPromiscuous = count > 0;
        }
    }

    /// <summary>Something passes an interface: an Ethernet frame, or an IP packet where the link has no header.</summary>
    public void Show(Interface link, ReadOnlySpan<byte> bytes, bool isOutgoing)
    {
        if (_sockets.Count == 0 || bytes.IsEmpty)
        {
            return;
        }

        if (!link.IsLoopback)
        {
            Show(link, bytes, link is EthernetInterface, isOutgoing ? PacketKind.Outgoing : null);
            return;
        }

        // lo has an Ethernet header of zeros, and what goes out comes in.
        var frame = ArrayPool<byte>.Shared.Rent(EthernetFrame.HeaderSize + bytes.Length);
        EthernetFrame.Write(frame, default, default, bytes[0] >> 4 == 4 ? EthernetFrame.TypeIPv4 : EthernetFrame.TypeIPv6);
        bytes.CopyTo(frame.AsSpan(EthernetFrame.HeaderSize));
        var whole = frame.AsSpan(0, EthernetFrame.HeaderSize + bytes.Length);
        Show(link, whole, hasHeader: true, PacketKind.Outgoing);
        Show(link, whole, hasHeader: true, PacketKind.Host);
        ArrayPool<byte>.Shared.Return(frame);
    }

    private void Show(Interface link, ReadOnlySpan<byte> bytes, bool hasHeader, PacketKind? known)
    {
        var kind = known ?? PacketKind.Host;
        var source = default(EthernetAddress);
        var type = bytes[0] >> 4 == 4 ? EthernetFrame.TypeIPv4 : EthernetFrame.TypeIPv6;
        if (hasHeader)
        {
            if (!EthernetFrame.TryParse(bytes, out var frame))
            {
                return;
            }

            (type, source) = (frame.Type, frame.Source);
            kind = known ?? KindOf(frame.Destination, link);
            if (kind == PacketKind.Other && !link.IsPromiscuous && link is EthernetInterface { FiltersAddresses: true })
            {
                return; // a device would not have taken it
            }
        }

        var linkType = link.IsLoopback ? LoopbackType : hasHeader ? EthernetType : HeaderlessType;
        var header = hasHeader ? EthernetFrame.HeaderSize : 0;
        foreach (var socket in _sockets)
        {
            if (socket.Group is { } group && group.First != socket)
            {
                continue; // the group has been asked already
            }

            var taker = socket.Group is { Count: > 1 } members && socket.IsFor(link.Index, type, kind) ? members.Choose(bytes, header) : socket;
            taker.Input(bytes, new PacketInfo(link.Index, linkType, kind, type, source, bytes.Length, header, stack.Now, link.IsLoopback));
        }
    }

    private static PacketKind KindOf(EthernetAddress destination, Interface link) =>
        destination == EthernetAddress.Broadcast ? PacketKind.Broadcast
        : destination.IsMulticast ? PacketKind.Multicast
        : destination == link.HardwareAddress ? PacketKind.Host : PacketKind.Other;
}
