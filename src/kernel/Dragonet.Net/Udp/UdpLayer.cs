using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>UDP (RFC 768; RFC 1122, section 4.1) or UDP-Lite (RFC 3828), which has ports of its own: which socket gets a datagram.</summary>
internal sealed class UdpLayer(Stack stack, IPProtocol protocol)
{
    public PortTable Ports { get; } = new(stack, stack.Options.Random);

    public int SocketCount { get; set; }

    /// <summary>Which of both.</summary>
    public IPProtocol Protocol => protocol;

    internal Stack Stack => stack;

    public IEnumerable<UdpSocket> List() => Ports.All.OfType<UdpSocket>();

    /// <summary>A datagram came; owns the packet.</summary>
    public void Input(in IPHeader header, PacketBuffer packet, int headerLength)
    {
        if (!Check(header, packet, out var ports, out var coverage))
        {
            stack.Counters.UdpInErrors++;
            stack.Pool.Return(packet);
            return;
        }

        var source = new Endpoint(header.Source, ports.Source, header.Source.IsLinkLocal ? packet.Input!.Index : 0);
        var about = new Datagram(source, header.Destination, packet.Length - UdpDatagram.HeaderSize, packet.Input!.Index, header.HopLimit, header.TrafficClass, packet.ReceivedAt);
        var isUnchecked = protocol == IPProtocol.Udp && !header.Source.IsV4 && BinaryPrimitives.ReadUInt16BigEndian(packet.Bytes[6..]) == 0;
        if (header.Destination.IsMulticast || stack.IsBroadcast(header.Destination))
        {
            InputGroup(about, ports.Destination, packet, coverage, isUnchecked);
            return;
        }

        var socket = Find(new Endpoint(header.Destination, ports.Destination), source, packet.Input.Index);
        if (isUnchecked && socket?.TakesUnchecked != true)
        {
            stack.Counters.UdpInErrors++;
            stack.Pool.Return(packet);
            return;
        }

        if (socket is null)
        {
            if (stack.Options.Interceptor is { } interceptor && protocol == IPProtocol.Udp)
            {
                interceptor.OnDatagram(source, new Endpoint(header.Destination, ports.Destination), packet.Bytes[UdpDatagram.HeaderSize..]);
                stack.Pool.Return(packet);
                return;
            }

            stack.Counters.UdpNoPorts++;
            stack.Icmp.SendError(header, packet, headerLength, IcmpError.PortUnreachable);
            stack.Pool.Return(packet);
            return;
        }

        packet.TrimFront(UdpDatagram.HeaderSize);
        socket.Input(packet, about, coverage);
    }

    /// <summary>Lengths and checksum are right; what is behind the datagram is cut off.</summary>
    private bool Check(in IPHeader header, PacketBuffer packet, out (ushort Source, ushort Destination) ports, out int coverage)
    {
        ports = default;
        coverage = 0;
        var bytes = packet.Bytes;
        if (protocol == IPProtocol.UdpLite)
        {
            if (!UdpLiteDatagram.TryParse(bytes, out var lite) || !(packet.IsLocal || lite.IsChecksumValid(header.Source, header.Destination)))
            {
                return false;
            }

            coverage = lite.Coverage;
        }
        else
        {
            if (!UdpDatagram.TryParse(bytes, out var datagram) || !(packet.IsLocal || datagram.IsChecksumValid(header.Source, header.Destination)))
            {
                return false;
            }

            coverage = packet.Length = datagram.Length;
        }

        ports = (BinaryPrimitives.ReadUInt16BigEndian(bytes), BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]));
        return true;
    }

    /// <summary>An ICMP error about a datagram of ours.</summary>
    public void InputError(Endpoint local, Endpoint remote, in IcmpNotice notice, ReadOnlySpan<byte> quoted) =>
        Find(local, remote, 0)?.Fail(notice, remote, quoted);

    /// <summary>The socket that fits best: connected ones before bound ones, an address before any, one family before both.</summary>
    private UdpSocket? Find(Endpoint local, Endpoint remote, int index)
    {
        UdpSocket? best = null;
        var bestScore = -1;
        foreach (var user in Ports.Find(local.Port) ?? [])
        {
            if (user is UdpSocket socket && socket.Score(local, remote, index) is var score && score > bestScore)
            {
                (best, bestScore) = (socket, score);
            }
        }

        return best;
    }

    /// <summary>Every socket that listens to a group or broadcast gets a copy.</summary>
    private void InputGroup(in Datagram about, ushort port, PacketBuffer packet, int coverage, bool isUnchecked)
    {
        packet.TrimFront(UdpDatagram.HeaderSize);
        foreach (var user in Ports.Find(port) ?? [])
        {
            if (user is UdpSocket socket && socket.TakesGroup(about) && (!isUnchecked || socket.TakesUnchecked))
            {
                var copy = stack.Pool.Copy(packet.Data.AsSpan(packet.Start - UdpDatagram.HeaderSize, packet.Length + UdpDatagram.HeaderSize));
                copy.TrimFront(UdpDatagram.HeaderSize);
                copy.Input = packet.Input;
                socket.Input(copy, socket.WantsHeaders ? about with { Header = packet.CopyHeader() } : about, coverage);
            }
        }

        stack.Pool.Return(packet);
    }
}
