using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Net;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Inet;

/// <summary>What packets have besides addresses and data: options of IPv4 (ip(7)), extension headers and flow labels of IPv6 (RFC 3542, ipv6(7)).</summary>
internal abstract partial class InetFile
{
    private byte[] _beforeRouting = []; // IPV6_RTHDRDSTOPTS: it would go before a routing header, which is never sent; guarded by the stack's lock

    /// <summary>The flow labels that it may send with. Inside the stack.</summary>
    protected FlowLabels FlowLabels { get; } = new();

    /// <summary>What goes into the packets that it sends. Inside the stack.</summary>
    protected PacketOptions SentOptions { get; private set; } = new();

    /// <summary>What is sent has changed. Inside the stack.</summary>
    protected virtual void OnSentOptions()
    {
    }

    /// <summary>connect(2) to an address with a flow label. Inside the stack.</summary>
    protected virtual void OnFlow(uint label)
    {
    }

    /// <summary>IPV6_FLOWINFO_SEND: the label in a socket address, which must be one that the socket has (ipv6(7)).</summary>
    protected Errno ReadFlow(ReadOnlySpan<byte> address, out uint label)
    {
        label = IsV6 && address.Length >= 8 && IsOn(InetOption.IPPROTO_IPV6, InetOption.IPV6_FLOWINFO_SEND)
            ? BinaryPrimitives.ReadUInt32BigEndian(address[4..]) & FlowLabels.Mask : 0;
        return MayLabel(label) ? Errno.OK : Errno.EINVAL;
    }

    /// <summary>While somebody has a label alone, a socket sends with its own ones only (fl6_sock_lookup of Linux). Inside the stack.</summary>
    protected bool MayLabel(uint label) => label == 0 || FlowLabels.Has(label) || !Network.FlowLabels.Values.Any(other => other.IsExclusive);

    /// <summary>True when an option area may be sent: those that nobody knows take CAP_NET_RAW (ip_options_compile of Linux).</summary>
    protected static bool MaySend(Credentials credentials, ReadOnlySpan<byte> options)
    {
        if (!PacketOptions.AreGood(options))
        {
            return false;
        }

        for (var at = 0; at < options.Length && options[at] != 0; at += options[at] == 1 ? 1 : options[at + 1])
        {
            if (options[at] is not (1 or 7 or 68 or 148) && !credentials.Has(Capability.CAP_NET_RAW))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Fills an option area of IPv4 up to a multiple of four bytes.</summary>
    protected static byte[] Pad(ReadOnlySpan<byte> options)
    {
        var bytes = new byte[(options.Length + 3) & ~3];
        options.CopyTo(bytes);
        return bytes;
    }

    /// <summary>IP_OPTIONS.</summary>
    private Errno SetPacketOptionsV4(Task task, ReadOnlySpan<byte> value)
    {
        if (value.Length > 40 || !MaySend(task.Credentials, value))
        {
            return Errno.EINVAL;
        }

        SentOptions = SentOptions with { V4 = Pad(value) };
        OnSentOptions();
        return Errno.OK;
    }

    /// <summary>Sticky extension headers (RFC 3542, section 4; do_ipv6_setsockopt of Linux): none of no length. Routing headers are not sent:
    /// type 0 is forbidden (RFC 5095), and others belong to networks that are not here.</summary>
    private Errno SetExtension(Task task, int name, ReadOnlySpan<byte> value)
    {
        if (name != InetOption.IPV6_RTHDR && !task.Credentials.Has(Capability.CAP_NET_RAW))
        {
            return Errno.EPERM;
        }

        if (!value.IsEmpty && (name == InetOption.IPV6_RTHDR || !PacketOptions.IsHeader(value)))
        {
            return Errno.EINVAL;
        }

        switch (name)
        {
            case InetOption.IPV6_HOPOPTS:
                SentOptions = SentOptions with { HopByHop = value.ToArray() };
                break;
            case InetOption.IPV6_DSTOPTS:
                SentOptions = SentOptions with { Destination = value.ToArray() };
                break;
            case InetOption.IPV6_RTHDRDSTOPTS:
                _beforeRouting = value.ToArray();
                break;
        }

        OnSentOptions();
        return Errno.OK;
    }

    private Errno SetLaterIPOption(int name, ReadOnlySpan<byte> value, int number)
    {
        switch (name)
        {
            case InetOption.IP_UNICAST_IF when Groups is not null:
                return SetUnicastInterface(InetOption.IPPROTO_IP, name, value);
            case InetOption.IP_LOCAL_PORT_RANGE:
                // The first one is in the lower half; 0 is no wish.
                var (first, last) = ((ushort)number, (ushort)(number >> 16));
                return value.Length != 4 || (first != 0 && last != 0 && first > last) ? Errno.EINVAL : Remember(InetOption.IPPROTO_IP, name, number);
            default:
                return Errno.ENOPROTOOPT;
        }
    }

    private Errno SetLaterIPv6Option(int name, ReadOnlySpan<byte> value, int number)
    {
        switch (name)
        {
            case InetOption.IPV6_UNICAST_IF when Groups is not null:
                return SetUnicastInterface(InetOption.IPPROTO_IPV6, name, value);
            case InetOption.IPV6_MTU when Groups is not null:
                if (number is not 0 and < 1280)
                {
                    return Errno.EINVAL;
                }

                SentOptions = SentOptions with { Mtu = number };
                OnSentOptions();
                return Errno.OK;
            case InetOption.IPV6_PKTINFO when Groups is not null:
                return value.Length < 20 ? Errno.EINVAL : SetPacketInfo(IPAddress.FromBytes(value[..16]), BinaryPrimitives.ReadInt32LittleEndian(value[16..]));
            case InetOption.IPV6_ADDR_PREFERENCES:
                return (number & 0x103) is not (0 or 1 or 2 or 0x100) || (number & 0x404) == 0x404 || (number & 0x808) == 0x808 ? Errno.EINVAL
                    : Remember(InetOption.IPPROTO_IPV6, name, ((number & 3) != 0 ? number & 3 : 0x100) | ((number & 4) != 0 ? 4 : 0x400));
            case InetOption.IPV6_2292PKTINFO or InetOption.IPV6_2292HOPOPTS or InetOption.IPV6_2292DSTOPTS or InetOption.IPV6_2292RTHDR or InetOption.IPV6_2292HOPLIMIT
                or InetOption.IPV6_FLOWINFO or InetOption.IPV6_FLOWINFO_SEND or InetOption.IPV6_RECVHOPOPTS or InetOption.IPV6_RECVRTHDR
                or InetOption.IPV6_RECVDSTOPTS or InetOption.IPV6_RECVPATHMTU or InetOption.IPV6_AUTOFLOWLABEL:
                return Remember(InetOption.IPPROTO_IPV6, name, number != 0 ? 1 : 0);
            default:
                return Errno.ENOPROTOOPT;
        }
    }

    private Result<byte[]> GetLaterIPv6Option(int name)
    {
        switch (name)
        {
            case InetOption.IPV6_HOPOPTS when Groups is not null:
                return SentOptions.HopByHop.ToArray();
            case InetOption.IPV6_DSTOPTS when Groups is not null:
                return SentOptions.Destination.ToArray();
            case InetOption.IPV6_RTHDRDSTOPTS when Groups is not null:
                return _beforeRouting;
            case InetOption.IPV6_RTHDR when Groups is not null:
                return (byte[])[];
            case InetOption.IPV6_UNICAST_IF when Groups is not null:
                return SocketOptions.Word(BinaryPrimitives.ReverseEndianness(Remembered(InetOption.IPPROTO_IPV6, name)));
            case InetOption.IPV6_PATHMTU:
                return PathMtu().Ok(out var mtu, out var error) ? MtuInfo(null, BinaryPrimitives.ReadInt32LittleEndian(mtu)) : error;
            case InetOption.IPV6_ADDR_PREFERENCES or InetOption.IPV6_AUTOFLOWLABEL:
                return SocketOptions.Word(_remembered.GetValueOrDefault((InetOption.IPPROTO_IPV6, name), name == InetOption.IPV6_AUTOFLOWLABEL ? 1 : 0x500));
            case InetOption.IPV6_2292PKTINFO or InetOption.IPV6_2292HOPOPTS or InetOption.IPV6_2292DSTOPTS or InetOption.IPV6_2292RTHDR or InetOption.IPV6_2292HOPLIMIT
                or InetOption.IPV6_FLOWINFO or InetOption.IPV6_FLOWINFO_SEND or InetOption.IPV6_RECVHOPOPTS or InetOption.IPV6_RECVRTHDR
                or InetOption.IPV6_RECVDSTOPTS or InetOption.IPV6_RECVPATHMTU:
                return SocketOptions.Word(Remembered(InetOption.IPPROTO_IPV6, name));
            default:
                return name == InetOption.IPV6_FLOWLABEL_MGR ? Errno.ENOENT : Errno.ENOPROTOOPT;
        }
    }

    /// <summary>struct ip6_mtuinfo; getsockopt(2) leaves the address out.</summary>
    protected static byte[] MtuInfo(Endpoint? to, int mtu)
    {
        var bytes = new byte[32];
        if (to is { } destination)
        {
            InetAddress.Format(destination, AddressFamily.AF_INET6).CopyTo(bytes, 0);
        }

        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(28), mtu);
        return bytes;
    }

    /// <summary>IPV6_PKTINFO for all messages. Inside the stack.</summary>
    protected virtual Errno SetPacketInfo(IPAddress source, int index) => Errno.ENOPROTOOPT;

    /// <summary>IP_UNICAST_IF and IPV6_UNICAST_IF take the number of an interface in network byte order.</summary>
    private Errno SetUnicastInterface(int level, int name, ReadOnlySpan<byte> value)
    {
        var index = value.Length == 4 ? BinaryPrimitives.ReadInt32BigEndian(value) : -1;
        if (value.Length != 4 || (index != 0 && Network.Stack.FindInterface(index) is null))
        {
            return value.Length != 4 ? Errno.EINVAL : Errno.EADDRNOTAVAIL;
        }

        return index != 0 && BoundInterface != 0 && index != BoundInterface ? Errno.EINVAL : Remember(level, name, index);
    }
}
