using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>A raw socket (raw(7), ipv6(7)): it sends and receives packets of one protocol. IPv4 packets are received with their header, IPv6
/// ones without.</summary>
public sealed class RawSocket : DatagramSocket
{
    private readonly RawLayer _layer;
    private readonly byte[] _blocked = new byte[32]; // types of ICMP that are not wanted, a bit for each

    internal RawSocket(RawLayer layer, bool isV6, IPProtocol protocol)
        : base(layer.Stack, isV6)
    {
        _layer = layer;
        Protocol = protocol;
        HasHeader = protocol == IPProtocol.Raw;
        Local = new Endpoint(Any, (ushort)protocol);
        layer.Add(this);
    }

    public IPProtocol Protocol { get; }

    /// <summary>IP_HDRINCL: what is sent begins with an IPv4 header.</summary>
    public bool HasHeader { get; set; }

    /// <summary>IPV6_CHECKSUM: where the checksum of what is sent goes; -1 for nowhere. ICMPv6 always has one.</summary>
    public int ChecksumOffset { get; set; } = -1;

    /// <summary>ICMP_FILTER and ICMP6_FILTER: a bit for each type that is not wanted, 32 to a word, the lowest first.</summary>
    public void Block(ReadOnlySpan<byte> types)
    {
        _blocked.AsSpan().Clear();
        types[..Math.Min(types.Length, _blocked.Length)].CopyTo(_blocked);
    }

    /// <summary>bind(2): EADDRNOTAVAIL for an address that is not here.</summary>
    public override Errno Bind(Endpoint local)
    {
        if (!Narrow(ref local))
        {
            return Errno.EADDRNOTAVAIL;
        }

        if (!local.Address.IsUnspecified && !local.Address.IsMulticast && !Stack.IsLocal(local.Address))
        {
            return Errno.EADDRNOTAVAIL;
        }

        Local = local with { Port = (ushort)Protocol };
        return Errno.OK;
    }

    /// <summary>sendto(2): one packet.</summary>
    public override Result<int> Send(ReadOnlySpan<byte> data, Endpoint? to, in SendControls controls = default)
    {
        if (TakeError() is not Errno.OK and var pending)
        {
            return pending;
        }

        if ((to ?? Remote) is not { } remote)
        {
            return Errno.EDESTADDRREQ;
        }

        if (data.Length > 65535 - (HasHeader ? 0 : IPv4Packet.MinimalHeader))
        {
            return Errno.EMSGSIZE;
        }

        if (!Route(remote, controls).Ok(out var path, out var error) || (error = CheckBroadcast(remote.Address)) != Errno.OK)
        {
            return error;
        }

        if (remote.Address.IsV4 == IsV6)
        {
            return Errno.ENETUNREACH;
        }

        if (HasHeader && !IsV6)
        {
            error = SendWithHeader(data, path);
            return error == Errno.OK ? data.Length : error;
        }

        var packet = Stack.Pool.Copy(data);
        var at = Protocol == IPProtocol.IcmpV6 ? 2 : ChecksumOffset;
        if (IsV6 && at >= 0)
        {
            if (at + 2 > data.Length)
            {
                Stack.Pool.Return(packet);
                return Errno.EINVAL;
            }

            var bytes = packet.Bytes;
            bytes[at] = bytes[at + 1] = 0;
            var sum = InternetChecksum.AddPseudoHeader(path.Source, remote.Address, Protocol, bytes.Length);
            BinaryPrimitives.WriteUInt16BigEndian(bytes[at..], InternetChecksum.Finish(InternetChecksum.Add(bytes, sum)));
        }

        error = Output(HeaderFor(path.Source, remote.Address, Protocol, path, controls), packet, path, controls);
        if (error == Errno.OK && HasErrorQueue)
        {
            var copy = data.ToArray();
            TellSent(controls, () => copy);
        }

        return error == Errno.OK ? data.Length : error;
    }

    /// <summary>True when a packet of its protocol is for it.</summary>
    internal bool Takes(in IPHeader header, int index) =>
        (BoundInterface == 0 || BoundInterface == index) && (Addresses is null || header.Destination.IsMulticast || Addresses.Contains(header.Destination)) && (Local.Address.IsUnspecified || Local.Address == header.Destination) && Hears(header.Destination, header.Source, index) && (Remote is not { } peer || peer.Address == header.Source);

    /// <summary>Takes a copy of a packet.</summary>
    internal void Input(in IPHeader header, PacketBuffer packet, int headerLength)
    {
        var isIcmp = Protocol is IPProtocol.Icmp or IPProtocol.IcmpV6;
        if (isIcmp && packet.Length > 0 && packet.Bytes[0] is var type && (_blocked[type / 8] >> (type % 8) & 1) != 0)
        {
            return;
        }

        var front = IsV6 ? 0 : headerLength;
        if (!Wants(packet.Data.AsSpan(packet.Start - front, packet.Length + front), packet, !IsV6))
        {
            return;
        }

        var copy = Stack.Pool.Copy(packet.Data.AsSpan(packet.Start - front, packet.Length + front));
        var source = new Endpoint(header.Source, 0, header.Source.IsLinkLocal ? packet.Input!.Index : 0);
        _ = Enqueue(copy, new Datagram(source, header.Destination, copy.Length, packet.Input!.Index, header.HopLimit, header.TrafficClass, packet.ReceivedAt) { Header = WantsHeaders ? packet.CopyHeader() : null });
    }

    private protected override void OnClose() => _layer.Remove(this);

    /// <summary>A packet with its header: length and checksum are filled in, source and identification when they are 0 (raw(7)).</summary>
    private Errno SendWithHeader(ReadOnlySpan<byte> data, in Path path)
    {
        var size = data.IsEmpty ? 0 : (data[0] & 0xf) * 4;
        if (data.Length < IPv4Packet.MinimalHeader || size < IPv4Packet.MinimalHeader || size > data.Length)
        {
            return Errno.EINVAL;
        }

        if (data.Length > path.Mtu)
        {
            return Errno.EMSGSIZE;
        }

        if (Addresses is not null && IPAddress.FromBytes(data[12..16]) is { IsUnspecified: false } from && !Addresses.Contains(from))
        {
            return Errno.EADDRNOTAVAIL; // rip_output of FreeBSD
        }

        var packet = Stack.Pool.Copy(data);
        var bytes = packet.Bytes;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)bytes.Length);
        if (BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]) == 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes[4..], (ushort)Stack.Options.Random());
        }

        if (BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]) == 0)
        {
            path.Source.Write(bytes[12..]);
        }

        bytes[10] = bytes[11] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[10..], InternetChecksum.Of(bytes[..size]));
        Stack.Counters.IPOutRequests++;
        path.Interface.Output(packet, path.NextHop);
        return Errno.OK;
    }
}
