using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Net;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Inet;

/// <summary>Headers of single messages: what was in those that came, and what shall be in those that go (RFC 3542, sections 5 to 9; ip(7)).</summary>
internal abstract partial class DatagramFile
{
    /// <summary>The options that make the stack keep IP headers, and which headers of IPv6 each tells: with its control message.</summary>
    private static readonly (int Option, IPProtocol Kind, int Type)[] s_told =
    [
        (InetOption.IPV6_RECVHOPOPTS, IPProtocol.HopByHop, InetOption.IPV6_HOPOPTS),
        (InetOption.IPV6_RECVDSTOPTS, IPProtocol.DestinationOptions, InetOption.IPV6_DSTOPTS),
        (InetOption.IPV6_RECVRTHDR, IPProtocol.Routing, InetOption.IPV6_RTHDR),
        (InetOption.IPV6_2292HOPOPTS, IPProtocol.HopByHop, InetOption.IPV6_2292HOPOPTS),
        (InetOption.IPV6_2292DSTOPTS, IPProtocol.DestinationOptions, InetOption.IPV6_2292DSTOPTS),
        (InetOption.IPV6_2292RTHDR, IPProtocol.Routing, InetOption.IPV6_2292RTHDR),
    ];

    /// <inheritdoc/>
    protected override void OnSentOptions() => _socket.PacketOptions = SentOptions;

    /// <inheritdoc/>
    protected override void OnFlow(uint label) => _socket.FlowLabel = label;

    /// <inheritdoc/>
    protected override Errno SetPacketInfo(IPAddress source, int index)
    {
        if ((BoundInterface != 0 && index != BoundInterface) || (index != 0 && Network.Stack.FindInterface(index) is null)
            || (!source.IsUnspecified && (source.IsV4 || !Network.Shows(source) || !Network.Stack.IsLocal(source))))
        {
            return Errno.EINVAL;
        }

        (_socket.StickySource, _socket.StickyInterface) = (source.IsUnspecified ? null : Network.Addresses?.Inward(source) ?? source, index);
        return Errno.OK;
    }

    /// <summary>A flag has changed. Inside the stack.</summary>
    private void OnHeadersWanted(int level, int name, int value)
    {
        switch (level, name)
        {
            case (InetOption.IPPROTO_IP, InetOption.IP_BIND_ADDRESS_NO_PORT):
                _socket.DefersPort = value != 0;
                break;
            case (InetOption.IPPROTO_IP, InetOption.IP_LOCAL_PORT_RANGE):
                _socket.PortRange = value == 0 ? null : ((ushort)value, (ushort)(value >> 16));
                break;
            case (InetOption.IPPROTO_IP, InetOption.IP_UNICAST_IF) when !IsV6:
            case (InetOption.IPPROTO_IPV6, InetOption.IPV6_UNICAST_IF):
                _socket.UnicastInterface = value;
                break;
            case (InetOption.IPPROTO_IPV6, InetOption.IPV6_AUTOFLOWLABEL):
                _socket.LabelsFlows = value != 0;
                break;
            case (InetOption.IPPROTO_IPV6, InetOption.IPV6_RECVPATHMTU):
                _socket.WantsPathMtu = value != 0;
                break;
            default:
                _socket.WantsHeaders = IsOn(InetOption.IPPROTO_IP, InetOption.IP_RECVOPTS) || IsOn(InetOption.IPPROTO_IP, InetOption.IP_RETOPTS)
                    || IsOn(InetOption.IPPROTO_IPV6, InetOption.IPV6_FLOWINFO) || Array.Exists(s_told, told => IsOn(InetOption.IPPROTO_IPV6, told.Option));
                break;
        }
    }

    /// <summary>Control messages of SOL_SOCKET (__sock_cmsg_send of Linux).</summary>
    private Errno ReadSocketControl(Credentials credentials, int type, byte[] value, ref SendControls result)
    {
        switch (type)
        {
            case SocketOption.SO_TIMESTAMPING or SocketOption.SO_TIMESTAMPING_NEW when value.Length == 4:
                result = result with { Timestamping = BinaryPrimitives.ReadUInt32LittleEndian(value) };
                return Errno.OK;
            case SocketOption.SO_MARK when !credentials.Has(Capability.CAP_NET_RAW) && !credentials.Has(Capability.CAP_NET_ADMIN):
                return Errno.EPERM;
            case SocketOption.SO_MARK when value.Length == 4:
                result = result with { Mark = BinaryPrimitives.ReadUInt32LittleEndian(value) };
                return Errno.OK;
            case SocketOption.SO_TXTIME when value.Length == 8 && _transmitTime is not null:
                return Errno.OK; // no queueing discipline looks at it, so that the message goes at once, as with pfifo_fast of Linux
            case SocketOption.SCM_RIGHTS or SocketOption.SCM_CREDENTIALS:
                return Errno.OK; // of AF_UNIX
            default:
                return Errno.EINVAL;
        }
    }

    /// <inheritdoc/>
    public override Errno SetOption(Task task, int level, int name, ReadOnlySpan<byte> value)
    {
        if ((level, name) != (SocketOption.SOL_SOCKET, SocketOption.SO_TXTIME))
        {
            return base.SetOption(task, level, name, value);
        }

        // struct sock_txtime: a clock, and SOF_TXTIME_DEADLINE_MODE and _REPORT_ERRORS (sk_setsockopt of Linux).
        if (value.Length != 8 || (BinaryPrimitives.ReadUInt32LittleEndian(value[4..]) & ~3u) != 0)
        {
            return Errno.EINVAL;
        }

        if (BinaryPrimitives.ReadInt32LittleEndian(value) != ClockMonotonic && !task.Credentials.Has(Capability.CAP_NET_ADMIN))
        {
            return Errno.EPERM;
        }

        using (Network.Enter())
        {
            _transmitTime = value.ToArray();
            return Errno.OK;
        }
    }

    /// <inheritdoc/>
    public override Result<byte[]> GetOption(Task task, int level, int name)
    {
        using (Network.Enter())
        {
            if ((level, name) == (SocketOption.SOL_SOCKET, SocketOption.SO_TXTIME))
            {
                return _transmitTime ?? new byte[8];
            }
        }

        return base.GetOption(task, level, name);
    }

    private const int ClockMonotonic = 1;

    private byte[]? _transmitTime; // SO_TXTIME; guarded by the stack's lock

    /// <summary>What is said of one message's headers. EINVAL for a bad or unknown one.</summary>
    private Errno ReadHeaderControl(Credentials credentials, int level, int type, byte[] value, ref SendControls result)
    {
        var options = result.Options ?? new PacketOptions { Mtu = SentOptions.Mtu };
        switch (level, type)
        {
            case (InetOption.IPPROTO_IP, InetOption.IP_RETOPTS) when value.Length <= 40 && MaySend(credentials, value):
                result = result with { Options = options with { V4 = Pad(value) } };
                return Errno.OK;
            case (InetOption.IPPROTO_IPV6, InetOption.IPV6_FLOWINFO) when value.Length >= 4:
                var label = BinaryPrimitives.ReadUInt32BigEndian(value) & FlowLabels.Mask;
                result = result with { FlowLabel = label };
                return MayLabel(label) ? Errno.OK : Errno.EINVAL;
            case (InetOption.IPPROTO_IPV6, InetOption.IPV6_DONTFRAG) when value.Length == 4 && BinaryPrimitives.ReadInt32LittleEndian(value) is 0 or 1:
                result = result with { DontFragment = value[0] != 0 };
                return Errno.OK;
            case (InetOption.IPPROTO_IPV6, InetOption.IPV6_HOPOPTS or InetOption.IPV6_DSTOPTS or InetOption.IPV6_RTHDRDSTOPTS) when value.Length >= 8 && value.Length >= (value[1] + 1) * 8:
                value = value[..((value[1] + 1) * 8)];
                if (!credentials.Has(Capability.CAP_NET_RAW))
                {
                    return Errno.EPERM;
                }

                result = result with { Options = type == InetOption.IPV6_HOPOPTS ? options with { HopByHop = value } : type == InetOption.IPV6_DSTOPTS ? options with { Destination = value } : options };
                return PacketOptions.IsHeader(value) ? Errno.OK : Errno.EINVAL;
            default:
                return Errno.EINVAL;
        }
    }

    /// <summary>The control messages about the headers of a message (ip6_datagram_recv_specific_ctl and ip_cmsg_recv_opts of Linux).</summary>
    private void DescribeHeader(byte[] header, bool isV4, Action<int, int, byte[], bool> add)
    {
        if (isV4)
        {
            var options = header.Length > IPv4Packet.MinimalHeader ? header[IPv4Packet.MinimalHeader..] : [];
            add(InetOption.IPPROTO_IP, InetOption.IP_RECVOPTS, options, options.Length > 0 && IsOn(InetOption.IPPROTO_IP, InetOption.IP_RECVOPTS));
            add(InetOption.IPPROTO_IP, InetOption.IP_RETOPTS, WithoutRoutes(options), options.Length > 0 && IsOn(InetOption.IPPROTO_IP, InetOption.IP_RETOPTS));
            return;
        }

        var flow = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(flow, PacketOptions.FlowInfo(header));
        add(InetOption.IPPROTO_IPV6, InetOption.IPV6_FLOWINFO, flow, flow.AsSpan().ContainsAnyExcept((byte)0) && IsOn(InetOption.IPPROTO_IPV6, InetOption.IPV6_FLOWINFO));
        foreach (var (kind, bytes) in PacketOptions.Read(header))
        {
            foreach (var told in s_told)
            {
                add(InetOption.IPPROTO_IPV6, told.Type, bytes, told.Kind == kind && IsOn(InetOption.IPPROTO_IPV6, told.Option));
            }
        }
    }

    /// <summary>The options that an answer carries: those that came, but for source routes, which are not sent here.</summary>
    private static byte[] WithoutRoutes(byte[] options)
    {
        var answer = options.ToArray();
        for (var at = 0; at < answer.Length && answer[at] != 0;)
        {
            var length = answer[at] == 1 || at + 1 >= answer.Length ? 1 : Math.Clamp((int)answer[at + 1], 1, answer.Length - at);
            if (answer[at] is 131 or 137)
            {
                answer.AsSpan(at, length).Fill(1);
            }

            at += length;
        }

        return answer;
    }
}
