using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>TCP of one stack: the tables of connections and ports, and which segment is whose.</summary>
internal sealed class TcpLayer
{
    private readonly Dictionary<TcpKey, TcpConnection> _connections;
    private readonly Dictionary<ushort, List<TcpSocket>> _listeners = [];
    private readonly HeldSyns _held;
    private readonly SynCookies _cookies;
    private ulong _calls;

    public TcpLayer(Stack stack)
    {
        Stack = stack;
        _cookies = new SynCookies(stack.Hash);
        Ports = new PortTable(stack, stack.Options.Random);
        var comparer = new KeyComparer(stack.Hash);
        _connections = new(comparer);
        _held = new HeldSyns(stack.Pool, comparer);
    }

    public Stack Stack { get; }

    public PortTable Ports { get; }

    private PacketBuffer? _current; // the segment that is looked at
    private int _headerLength;      // of the IP header in front of it
    private int _arrivedThrough; // the number of the interface of the segment that is looked at

    private const int MaxPeers = 1024;

    /// <summary>Cookies that servers gave, and the longest segment that they took (RFC 7413, section 4.1.3.1).</summary>
    private readonly Dictionary<IPAddress, (byte[] Cookie, int Segment)> _peers = [];

    /// <summary>The cookie of a caller's address (RFC 7413, section 4.1.2).</summary>
    /// <param name="key">The addresses.</param>
    /// <param name="secret">TCP_FASTOPEN_KEY: 16 bytes; empty for the stack's own secret.</param>
    public byte[] MakeCookie(in TcpKey key, ReadOnlySpan<byte> secret = default)
    {
        var cookie = new byte[8];
        var hash = secret.Length < 16 ? Stack.Hash : new KeyedHash(BinaryPrimitives.ReadUInt64LittleEndian(secret), BinaryPrimitives.ReadUInt64LittleEndian(secret[8..]));
        BinaryPrimitives.WriteUInt64LittleEndian(cookie, hash.Of(new TcpKey(key.LocalAddress, 0, key.RemoteAddress, 0), 5));
        return cookie;
    }

    /// <summary>What is known of a server, or null.</summary>
    public (byte[] Cookie, int Segment)? FindPeer(IPAddress address) => _peers.TryGetValue(address, out var known) ? known : null;

    public void RememberCookie(IPAddress address, byte[] cookie, int segment)
    {
        if (_peers.Count >= MaxPeers && !_peers.ContainsKey(address))
        {
            _peers.Clear(); // all of them can be had anew
        }

        _peers[address] = (cookie, segment);
    }

    /// <summary>The packet whose segment is looked at.</summary>
    public PacketBuffer? Current => _current;

    public int ConnectionCount => _connections.Count;

    public int SocketCount { get; set; }

    /// <summary>A segment came; owns the packet.</summary>
    /// <param name="header">Of IP.</param>
    /// <param name="packet">The segment; the IP header is in front of it.</param>
    /// <param name="headerLength">How long that is.</param>
    public void Input(in IPHeader header, PacketBuffer packet, int headerLength)
    {
        Stack.Counters.TcpInSegments++;
        if (!TcpSegment.TryParse(packet.IsLocal ? packet.Unfinished : packet.Bytes, out var segment) || !(packet.IsLocal || segment.IsChecksumValid(header.Source, header.Destination)))
        {
            Stack.Counters.TcpInErrors++;
        }
        else if (!header.Destination.IsMulticast && !packet.IsLinkBroadcast && !Stack.IsBroadcast(header.Destination) && !header.Source.IsUnspecified)
        {
            _arrivedThrough = packet.Input!.Index;
            (_current, _headerLength) = (packet, headerLength);
            Input(segment, header, packet);
            _current = null;
        }

        Stack.Pool.Return(packet);
    }

    /// <summary>An ICMP error about a segment of ours.</summary>
    public void InputError(Endpoint local, Endpoint remote, uint sequence, in IcmpNotice notice, ReadOnlySpan<byte> quoted)
    {
        if (_connections.TryGetValue(new TcpKey(local.Address, local.Port, remote.Address, remote.Port), out var connection))
        {
            connection.OnIcmp(sequence, notice, quoted);
        }
    }

    /// <summary>A reset to somebody whose segment belongs to nobody (RFC 9293, section 3.10.7.1).</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="key">The addresses, as this side sees them.</param>
    public void SendReset(in TcpSegment segment, in TcpKey key)
    {
        if (segment.Has(TcpFlags.Rst) || !Stack.Resolve(key.RemoteAddress).Ok(out var path))
        {
            return;
        }

        var fields = segment.Has(TcpFlags.Ack)
            ? new TcpFields(segment.Acknowledgment, 0, TcpFlags.Rst, 0)
            : new TcpFields(0, segment.Sequence + (uint)segment.SequenceLength, TcpFlags.Rst | TcpFlags.Ack, 0);
        var packet = Stack.Pool.Rent(TcpSegment.MinimalHeader);
        var (local, remote) = (new Endpoint(key.LocalAddress, key.LocalPort), new Endpoint(key.RemoteAddress, key.RemotePort));
        TcpSegment.Write(packet.Bytes, local, remote, fields, TcpSegment.MinimalHeader, withChecksum: true);
        Stack.Counters.TcpOutSegments++;
        Stack.Counters.TcpOutResets++;
        _ = Stack.Output(new IPHeader(local.Address, remote.Address, IPProtocol.Tcp, Stack.HopLimitOf(path, local.Address.IsV4)), packet, path, dontFragment: local.Address.IsV4);
    }

    /// <summary>Where the timestamps of a connection begin (RFC 7323, section 5.4).</summary>
    public uint TimestampOffset(in TcpKey key) => (uint)Stack.Hash.Of(key, 2);

    /// <summary>Answers a call without keeping anything of it.</summary>
    public void SendCookie(in TcpSegment segment, in TcpKey key, int scope, TcpSettings settings)
    {
        if (!Stack.Resolve(key.RemoteAddress, scope).Ok(out var path))
        {
            return;
        }

        var isV4 = key.LocalAddress.IsV4;
        var offered = TcpOptions.Parse(segment.Options);
        var most = TcpConnection.LongestSegment(path.Mtu, isV4);
        var ecn = offered.HasTimestamp && TcpConnection.IsEcnWanted(Stack.Options.Ecn, segment);
        var options = new TcpOptions { WindowScale = -1, MaximumSegment = TcpConnection.Advertise(path, most, settings) };
        if (offered.HasTimestamp)
        {
            options.HasTimestamp = true;
            options.SackPermitted = offered.SackPermitted;
            options.WindowScale = offered.WindowScale >= 0 ? Stack.TcpMemory.WindowShift : -1;
            options.TimestampEcho = offered.TimestampValue;
            options.TimestampValue = SynCookies.MakeTimestamp(TimestampOffset(key) + (uint)(Stack.Now / 1_000_000), offered, ecn);
        }

        Span<byte> bytes = stackalloc byte[TcpOptions.MaxSize];
        var header = TcpSegment.MinimalHeader + options.Write(bytes);
        var packet = Stack.Pool.Rent(header);
        bytes[..(header - TcpSegment.MinimalHeader)].CopyTo(packet.Bytes[TcpSegment.MinimalHeader..]);
        var cookie = _cookies.Make(key, segment.Sequence, Math.Max(offered.MaximumSegment, (ushort)536), Stack.Now);
        var window = (ushort)Math.Min(settings.ReceiveBuffer, ushort.MaxValue);
        var fields = new TcpFields(cookie, segment.Sequence + 1, TcpFlags.Syn | TcpFlags.Ack | (ecn ? TcpFlags.Ece : 0), window);
        var (local, remote) = (new Endpoint(key.LocalAddress, key.LocalPort), new Endpoint(key.RemoteAddress, key.RemotePort));
        TcpSegment.Write(packet.Bytes, local, remote, fields, header, !path.Interface.IsLoopback);
        Stack.Counters.TcpOutSegments++;
        Stack.Counters.TcpCookiesSent++;
        _ = Stack.Output(new IPHeader(local.Address, remote.Address, IPProtocol.Tcp, settings.HopLimit ?? Stack.HopLimitOf(path, isV4), settings.TrafficClass), packet, path, dontFragment: isV4 && !path.LocksMtu);
    }

    /// <summary>True for the acknowledgment of a cookie of ours.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="key">Its addresses.</param>
    /// <param name="offered">What the caller's SYN offered, as far as it is known.</param>
    /// <param name="ecn">Congestion notification was agreed on.</param>
    public bool CheckCookie(in TcpSegment segment, in TcpKey key, out TcpOptions offered, out bool ecn)
    {
        var size = _cookies.Check(key, segment.Acknowledgment - 1, segment.Sequence - 1, Stack.Now);
        var confirmed = TcpOptions.Parse(segment.Options);
        offered = SynCookies.ReadTimestamp(confirmed, size, out ecn);
        _ = size > 0 ? Stack.Counters.TcpCookiesReceived++ : Stack.Counters.TcpCookiesFailed++;
        return size > 0;
    }

    /// <summary>A socket that takes the connections that an interceptor lets through.</summary>
    public TcpSocket CreateIntercepting()
    {
        var socket = new TcpSocket(this, isV6: true);
        socket.ListenWithoutPort();
        return socket;
    }

    /// <summary>A call that was made to wait is answered.</summary>
    public void AnswerHeld(Endpoint from, Endpoint to, SynVerdict verdict)
    {
        var key = new TcpKey(to.Address, to.Port, from.Address, from.Port);
        if (!_held.Take(key, out var header, out var packet))
        {
            return;
        }

        if (TcpSegment.TryParse(packet.Bytes, out var segment) && !_connections.ContainsKey(key))
        {
            Answer(verdict, segment, key, header, packet);
        }

        Stack.Pool.Return(packet);
    }

    /// <summary>The connection between two endpoints, or null.</summary>
    public TcpConnection? Find(in TcpKey key) => _connections.GetValueOrDefault(key);

    public void Add(TcpConnection connection)
    {
        _connections.Add(connection.Key, connection);
        Ports.Add(connection.Local.Port, connection);
    }

    public void Remove(TcpConnection connection, TcpState state)
    {
        if (state != TcpState.Closed)
        {
            _ = _connections.Remove(connection.Key);
            Ports.Remove(connection.Local.Port, connection);
        }
    }

    /// <summary>A socket takes connections from now on.</summary>
    public void AddListener(TcpSocket socket)
    {
        if (!_listeners.TryGetValue(socket.Local.Port, out var sockets))
        {
            _listeners.Add(socket.Local.Port, sockets = []);
        }

        sockets.Add(socket);
    }

    public void RemoveListener(TcpSocket socket)
    {
        if (_listeners.TryGetValue(socket.Local.Port, out var sockets) && sockets.Remove(socket) && sockets.Count == 0)
        {
            _ = _listeners.Remove(socket.Local.Port);
        }
    }

    /// <summary>Removes what has had its time, so that its addresses can be used anew.</summary>
    public bool Reuse(in TcpKey key)
    {
        if (_connections.TryGetValue(key, out var old) && old.State == TcpState.TimeWait && old.Socket is null)
        {
            old.Remove(Errno.OK);
        }

        return !_connections.ContainsKey(key);
    }

    /// <summary>Finds a local port for a connection, from the address's own starting point on (RFC 6056, section 3.3.3).</summary>
    public Result<ushort> ChoosePort(IPAddress local, IPAddress remote, ushort remotePort, (ushort First, ushort Last)? range = null)
    {
        var (first, last) = PortTable.Narrow(Stack.EphemeralPorts, range);
        var count = last - first + 1;
        _calls += 1 + Stack.Options.Random() % 8; // on from the last one: the peer may remember it for a minute (TIME-WAIT)
        var start = (int)((Stack.Hash.Of(new TcpKey(local, 0, remote, remotePort), 3) + _calls) % (uint)count);
        for (var pass = 0; pass < 2; pass++)
        {
            for (var i = 0; i < count; i++)
            {
                var port = (ushort)(first + (start + i) % count);
                var users = Ports.Find(port);
                // First a port of its own, then one whose other connections have other peers.
                if (users is null || (pass == 1 && users.All(user => user is TcpConnection) && IsFree(new TcpKey(local, port, remote, remotePort))))
                {
                    return port;
                }
            }
        }

        return Errno.EADDRNOTAVAIL;
    }

    /// <summary>Resets the connection with these addresses, whose user is told ECONNABORTED, or ends the listener; false when there is none.</summary>
    public bool Abort(Endpoint local, Endpoint remote)
    {
        if (_connections.TryGetValue(new TcpKey(local.Address, local.Port, remote.Address, remote.Port), out var connection))
        {
            connection.Abort(Errno.ECONNABORTED);
            return true;
        }

        var listener = Ports.Find(local.Port)?.OfType<TcpSocket>().FirstOrDefault(socket => socket.IsListening && socket.Local.Address == local.Address);
        return remote.Port == 0 && listener?.Disconnect() == Errno.OK;
    }

    /// <summary>All connections end; those without a socket, which finish what their users began, too.</summary>
    public void End()
    {
        foreach (var connection in _connections.Values.ToArray())
        {
            connection.Remove(Errno.ECONNABORTED);
        }
    }

    public IEnumerable<TcpEntry> List()
    {
        foreach (var user in Ports.All)
        {
            if (user is TcpSocket { IsListening: true } listener)
            {
                yield return TcpEntry.Of(listener);
            }
            else if (user is TcpConnection connection)
            {
                yield return TcpEntry.Of(connection);
            }
        }
    }

    /// <summary>Nobody has it, or only a connection of ours that has been over for a second (net.ipv4.tcp_tw_reuse).</summary>
    private bool IsFree(in TcpKey key) =>
        !_connections.TryGetValue(key, out var old) || (old is { State: TcpState.TimeWait, Socket: null } && old.IsLongOver);

    private void Input(TcpSegment segment, in IPHeader header, PacketBuffer packet)
    {
        var key = new TcpKey(header.Destination, segment.DestinationPort, header.Source, segment.SourcePort);
        if (_connections.TryGetValue(key, out var connection))
        {
            if (connection.State == TcpState.TimeWait && connection.MayGiveWay(segment) && (Stack.Options.Interceptor is not null || FindListener(key) is not null))
            {
                connection.Remove(Errno.OK);
            }
            else
            {
                if (IsWanted(connection.Settings, header, packet, ref segment))
                {
                    connection.Input(segment, header.TrafficClass);
                }

                return;
            }
        }

        // RFC 9293, section 3.10.7.2
        if (FindListener(key) is { } listener && !segment.Has(TcpFlags.Rst))
        {
            if (!IsWanted(listener.Settings, header, packet, ref segment))
            {
                return;
            }

            var scope = header.Source.IsLinkLocal ? packet.Input!.Index : 0;
            if (segment.Has(TcpFlags.Ack))
            {
                if (segment.Has(TcpFlags.Syn | TcpFlags.Fin) || !listener.OnConfirmed(segment, key, scope, header.TrafficClass))
                {
                    SendReset(segment, key);
                }
            }
            else if (segment.Has(TcpFlags.Syn) && !segment.Has(TcpFlags.Fin))
            {
                listener.OnSyn(segment, key, scope);
            }

            return;
        }

        if (Stack.Options.Interceptor is { } interceptor && segment.Has(TcpFlags.Syn) && !segment.Has(TcpFlags.Ack | TcpFlags.Rst | TcpFlags.Fin))
        {
            Answer(interceptor.OnSyn(new Endpoint(key.RemoteAddress, key.RemotePort), new Endpoint(key.LocalAddress, key.LocalPort)), segment, key, header, packet);
            return;
        }

        SendReset(segment, key);
    }

    /// <summary>What a socket's options keep from it: segments from too far away (IP_MINTTL), and those that its filter does not want, or
    /// not all of (tcp_filter of Linux; the filter sees the segment from its header on).</summary>
    private static bool IsWanted(TcpSettings settings, in IPHeader header, PacketBuffer packet, ref TcpSegment segment)
    {
        if (header.HopLimit < (header.Source.IsV4 ? settings.MinimalHops : settings.MinimalHopsV6))
        {
            return false;
        }

        if (settings.Filter is not { } filter)
        {
            return true;
        }

        var type = header.Source.IsV4 ? EthernetFrame.TypeIPv4 : EthernetFrame.TypeIPv6;
        var wanted = filter.Run(packet.Bytes, -1, new PacketInfo(packet.Input!.Index, 0, PacketKind.Host, type, default, packet.Length, -1, 0, false));
        return wanted >= packet.Length
            || (wanted > 0 && TcpSegment.TryParse(packet.Bytes[..Math.Max((int)wanted, segment.HeaderLength)], out segment));
    }

    /// <summary>The headers of the segment that is looked at (TCP_SAVED_SYN).</summary>
    /// <param name="withLink">Those of the link, too: on lo, as Linux has them there.</param>
    public byte[]? CopyHeaders(bool withLink)
    {
        if (_current is not { } packet || !TcpSegment.TryParse(packet.Bytes, out var segment))
        {
            return null; // it has waited for an interceptor's word, and is not as it came any more
        }

        var front = _headerLength + (withLink && !packet.Input!.IsLoopback ? EthernetFrame.HeaderSize : 0);
        var headers = packet.Data.AsSpan(packet.Start - front, front + segment.HeaderLength);
        if (!withLink || !packet.Input!.IsLoopback)
        {
            return headers.ToArray();
        }

        var bytes = new byte[EthernetFrame.HeaderSize + headers.Length];
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(EthernetFrame.HeaderSize - 2), headers[0] >> 4 == 4 ? EthernetFrame.TypeIPv4 : EthernetFrame.TypeIPv6);
        headers.CopyTo(bytes.AsSpan(EthernetFrame.HeaderSize));
        return bytes;
    }

    /// <summary>What an interceptor says to a call.</summary>
    private void Answer(SynVerdict verdict, in TcpSegment segment, in TcpKey key, in IPHeader header, PacketBuffer packet)
    {
        switch (verdict)
        {
            case SynVerdict.Wait:
                _held.Keep(key, header, packet);
                break;
            case SynVerdict.Accept:
                Stack.Intercepted!.OnSyn(segment, key, 0);
                break;
            case SynVerdict.Reset:
                SendReset(segment, key);
                break;
            case SynVerdict.Ignore:
                break;
            default:
                var size = header.Source.IsV4 ? IPv4Packet.MinimalHeader : IPv6Packet.HeaderSize;
                var about = Stack.Pool.Copy(packet.Bytes);
                about.Input = packet.Input;
                if (header.Source.IsV4)
                {
                    IPv4Packet.Write(about.Prepend(size), header, about.Length - size, 0, 0);
                }
                else
                {
                    IPv6Packet.Write(about.Prepend(size), header, about.Length - size, header.Protocol);
                }

                about.TrimFront(size);
                Stack.Icmp.SendError(header, about, size, verdict switch
                {
                    SynVerdict.NetworkUnreachable => IcmpError.NetworkUnreachable,
                    SynVerdict.HostUnreachable => IcmpError.HostUnreachable,
                    _ => IcmpError.Prohibited,
                });
                Stack.Pool.Return(about);
                break;
        }
    }

    private TcpSocket? FindListener(in TcpKey key)
    {
        TcpSocket? best = null;
        var bestScore = -1;
        var equals = 0;
        foreach (var socket in _listeners.GetValueOrDefault(key.LocalPort) ?? [])
        {
            var score = socket.Score(key.LocalAddress);
            if ((socket.Settings.BoundInterface != 0 && socket.Settings.BoundInterface != _arrivedThrough) || score < 0 || score < bestScore)
            {
                continue;
            }

            // Several with SO_REUSEPORT share by the hash of the peer.
            equals = score > bestScore ? 1 : equals + 1;
            if (equals == 1 || Stack.Hash.Of(key, 4) % (uint)equals == 0)
            {
                (best, bestScore) = (socket, score);
            }
        }

        return best;
    }

    private sealed class KeyComparer(KeyedHash hash) : IEqualityComparer<TcpKey>
    {
        public bool Equals(TcpKey x, TcpKey y) => x == y;

        public int GetHashCode(TcpKey key) => (int)hash.Of(key);
    }
}
