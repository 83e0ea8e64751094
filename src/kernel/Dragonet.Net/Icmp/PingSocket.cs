using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>A socket for echo requests (icmp(7)): it sends requests with an identifier of its own, and gets the replies to them.</summary>
public sealed class PingSocket
{
    private readonly IcmpLayer _layer;
    private readonly DatagramQueue _incoming;
    private bool _isClosed;

    internal PingSocket(IcmpLayer layer, bool isV6)
    {
        _layer = layer;
        _incoming = new DatagramQueue(layer.Stack);
        IsV6 = isV6;
        Local = new Endpoint(isV6 ? IPAddress.AnyV6 : IPAddress.AnyV4, 0);
        layer.Open();
    }

    /// <summary>Woken when something changes.</summary>
    public WaitQueue Queue { get; } = new();

    public bool IsV6 { get; }

    /// <summary>The address, and the identifier as port; 0 when it has none yet.</summary>
    public Endpoint Local { get; private set; }

    /// <summary>What it is connected to, or null.</summary>
    public Endpoint? Remote { get; private set; }

    public byte HopLimit { get; set; } = 64;

    public byte TrafficClass { get; set; }

    /// <summary>SO_RCVBUF.</summary>
    public int ReceiveBuffer { get => _incoming.Capacity; set => _incoming.Capacity = value; }

    /// <summary>Length of the first message (FIONREAD).</summary>
    public int NextLength => _incoming.NextLength;

    /// <summary>bind(2): the port is the identifier.</summary>
    public Errno Bind(Endpoint local)
    {
        if (Local.Port != 0)
        {
            return Errno.EINVAL;
        }

        if (!local.Address.IsUnspecified && !_layer.Stack.IsLocal(local.Address))
        {
            return Errno.EADDRNOTAVAIL;
        }

        for (var tries = 0; tries < 65536; tries++)
        {
            var identifier = local.Port != 0 ? local.Port : (ushort)(1 + _layer.Stack.Options.Random() % 65535);
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

    /// <summary>connect(2).</summary>
    public Errno Connect(Endpoint? remote)
    {
        if (remote is { } peer && !_layer.Stack.Resolve(peer.Address, peer.Scope).Ok(out _, out var error))
        {
            return error;
        }

        Remote = remote;
        return Errno.OK;
    }

    /// <summary>sendto(2): an echo request, whose identifier and checksum are filled in. EINVAL for anything else.</summary>
    public Result<int> Send(ReadOnlySpan<byte> message, Endpoint? to)
    {
        if ((to ?? Remote) is not { } remote)
        {
            return Errno.EDESTADDRREQ;
        }

        if (message.Length < 8 || message[0] != (IsV6 ? 128 : 8) || message[1] != 0)
        {
            return Errno.EINVAL;
        }

        if (message.Length > 65535 - IPv4Packet.MinimalHeader)
        {
            return Errno.EMSGSIZE;
        }

        if (!_layer.Stack.Resolve(remote.Address, remote.Scope).Ok(out var path, out var error) || (Local.Port == 0 && (error = Bind(Local)) != Errno.OK))
        {
            return error;
        }

        var packet = _layer.Stack.Pool.Copy(message);
        BinaryPrimitives.WriteUInt16BigEndian(packet.Bytes[4..], Local.Port);
        var source = Local.Address.IsUnspecified ? path.Source : Local.Address;
        error = _layer.Send(source, remote.Address, packet, path, HopLimit, TrafficClass);
        return error == Errno.OK ? message.Length : error;
    }

    /// <summary>recvfrom(2): a reply, from its ICMP header on.</summary>
    public Result<int> Receive(Span<byte> destination, bool peek, out Datagram about) => _incoming.Take(destination, peek, out about);

    /// <summary>The state for poll(2).</summary>
    public PollEvents Poll() => PollEvents.POLLOUT | PollEvents.POLLWRNORM | (_incoming.Count > 0 ? PollEvents.POLLIN | PollEvents.POLLRDNORM : 0);

    /// <summary>The last close.</summary>
    public void Close()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            _layer.Close(this);
            _incoming.Clear();
        }
    }

    internal void Enqueue(in IPHeader header, PacketBuffer packet)
    {
        var about = new Datagram(new Endpoint(header.Source, 0), header.Destination, packet.Length, packet.Input!.Index, header.HopLimit, header.TrafficClass, packet.ReceivedAt);
        if ((Remote is not { } peer || peer.Address == header.Source) is false)
        {
            _layer.Stack.Pool.Return(packet);
        }
        else if (_incoming.Add(packet, about))
        {
            _ = Queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
        }
    }
}
