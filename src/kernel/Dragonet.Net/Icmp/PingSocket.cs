using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>A socket for echo requests (icmp(7)): it sends requests with an identifier of its own, and gets the replies to them.</summary>
public sealed class PingSocket : DatagramSocket
{
    private readonly IcmpLayer _layer;

    internal PingSocket(IcmpLayer layer, bool isV6)
        : base(layer.Stack, isV6)
    {
        _layer = layer;
        layer.Open();
    }

    /// <summary>bind(2): the port is the identifier.</summary>
    public override Errno Bind(Endpoint local)
    {
        if (Local.Port != 0 || IsClosed)
        {
            return IsClosed ? Errno.EBADF : Errno.EINVAL;
        }

        if (!Narrow(ref local))
        {
            return Errno.EADDRNOTAVAIL;
        }

        if (!local.Address.IsUnspecified && !Stack.IsLocal(local.Address))
        {
            return Errno.EADDRNOTAVAIL;
        }

        for (var tries = 0; tries < 65536; tries++)
        {
            var identifier = local.Port != 0 ? local.Port : (ushort)(1 + Stack.Options.Random() % 65535);
            if (_layer.Bind(this, identifier))
            {
                Local = local with { Port = identifier };
                return Errno.OK;
            }

            if (local.Port != 0)
            {
                break;
            }
        }

        return Errno.EADDRINUSE;
    }

    /// <summary>sendto(2): an echo request, whose identifier and checksum are filled in. EINVAL for anything else.</summary>
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

        if (data.Length < 8 || data[0] != (IsV6 ? IcmpLayer.EchoRequestV6 : IcmpLayer.EchoRequestV4) || data[1] != 0)
        {
            return Errno.EINVAL;
        }

        if (data.Length > 65535 - IPv4Packet.MinimalHeader)
        {
            return Errno.EMSGSIZE;
        }

        if (!Route(remote, controls).Ok(out var path, out var error) || (error = CheckBroadcast(remote.Address)) != Errno.OK
            || (Local.Port == 0 && (error = Bind(Local)) != Errno.OK))
        {
            return error;
        }

        var packet = Stack.Pool.Copy(data);
        BinaryPrimitives.WriteUInt16BigEndian(packet.Bytes[4..], Local.Port);
        var header = HeaderFor(path.Source, remote.Address, default, path, controls);
        packet.Options = controls.Options ?? PacketOptions;
        error = _layer.Send(path.Source, remote.Address, packet, path, header.HopLimit, header.TrafficClass, dontFragment: controls.DontFragment ?? DontFragment, flowLabel: header.FlowLabel);
        return error == Errno.OK ? data.Length : error;
    }

    /// <summary>A reply, from its ICMP header on; owns the packet.</summary>
    internal void Input(in IPHeader header, PacketBuffer packet)
    {
        if (Remote is { } peer && peer.Address != header.Source)
        {
            Stack.Pool.Return(packet);
            return;
        }

        var source = new Endpoint(header.Source, 0, header.Source.IsLinkLocal ? packet.Input!.Index : 0);
        _ = Enqueue(packet, new Datagram(source, header.Destination, packet.Length, packet.Input!.Index, header.HopLimit, header.TrafficClass, packet.ReceivedAt) { Header = WantsHeaders ? packet.CopyHeader() : null });
    }

    private protected override void OnClose() => _layer.Close(this);
}
