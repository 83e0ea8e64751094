using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Net;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Inet;

/// <summary>A UDP or UDP-Lite socket as programs see it (udp(7), udplite(7)).</summary>
internal sealed class UdpFile(Task task, AddressFamily domain, NetworkStack stack, OpenFlags flags, int protocol) : DatagramFile(
    task, domain, SocketType.SOCK_DGRAM, protocol, stack, flags,
    inside => protocol == InetOption.IPPROTO_UDPLITE ? inside.CreateUdpLite(domain == AddressFamily.AF_INET6) : inside.CreateUdp(domain == AddressFamily.AF_INET6))
{
    private UdpSocket Udp => (UdpSocket)Socket;

    private bool _isCorked;    // guarded by the stack's lock

    /// <inheritdoc/>
    protected override bool IsCorked => _isCorked;

    /// <inheritdoc/>
    protected override bool TrySetV6Only(bool value)
    {
        if (Udp.Local.Port != 0)
        {
            return false;
        }

        Udp.IsV6Only = value;
        return true;
    }

    /// <summary>The coverages of UDP-Lite, which are of both levels; 1 to 7 and what is negative count as 8, the header (udp_lib_setsockopt of Linux).</summary>
    protected override Errno SetProtocolOption(Task task, int level, int name, ReadOnlySpan<byte> value)
    {
        if (level == InetOption.IPPROTO_UDP && name is InetOption.UDP_CORK or InetOption.UDP_SEGMENT or InetOption.UDP_GRO or InetOption.UDP_NO_CHECK6_TX or InetOption.UDP_NO_CHECK6_RX)
        {
            return value.Length < 4 ? Errno.EINVAL : SetSending(name, BinaryPrimitives.ReadInt32LittleEndian(value));
        }

        if (!IsCoverage(level, name) || !Udp.IsLite)
        {
            return base.SetProtocolOption(task, level, name, value);
        }

        if (value.Length < 4)
        {
            return Errno.EINVAL;
        }

        var number = BinaryPrimitives.ReadInt32LittleEndian(value);
        var coverage = number == 0 ? 0 : Math.Clamp(number, UdpDatagram.HeaderSize, ushort.MaxValue);
        if (name == InetOption.UDPLITE_SEND_CSCOV)
        {
            Udp.SendCoverage = coverage;
        }
        else
        {
            Udp.ReceiveCoverage = coverage;
        }

        return Errno.OK;
    }

    private Errno SetSending(int name, int number)
    {
        switch (name)
        {
            case InetOption.UDP_CORK:
                _isCorked = number != 0;
                return _isCorked ? Errno.OK : Udp.Push();
            case InetOption.UDP_SEGMENT:
                if (number is < 0 or > ushort.MaxValue)
                {
                    return Errno.EINVAL;
                }

                Udp.Segment = number;
                return Errno.OK;
            case InetOption.UDP_NO_CHECK6_TX:
                Udp.SendsUnchecked = number != 0;
                return Errno.OK;
            case InetOption.UDP_NO_CHECK6_RX:
                Udp.TakesUnchecked = number != 0;
                return Errno.OK;
            default:
                Udp.Merges = number != 0;
                return Errno.OK;
        }
    }

    /// <inheritdoc/>
    protected override Result<byte[]> GetProtocolOption(int level, int name) => (level, name) switch
    {
        (InetOption.IPPROTO_UDP, InetOption.UDP_CORK) => SocketOptions.Word(_isCorked ? 1 : 0),
        (InetOption.IPPROTO_UDP, InetOption.UDP_SEGMENT) => SocketOptions.Word(Udp.Segment),
        (InetOption.IPPROTO_UDP, InetOption.UDP_NO_CHECK6_TX) => SocketOptions.Word(Udp.SendsUnchecked ? 1 : 0),
        (InetOption.IPPROTO_UDP, InetOption.UDP_NO_CHECK6_RX) => SocketOptions.Word(Udp.TakesUnchecked ? 1 : 0),
        (InetOption.IPPROTO_UDP, InetOption.UDP_GRO) => SocketOptions.Word(Udp.Merges ? 1 : 0),
        _ => GetCoverage(level, name),
    };

    private Result<byte[]> GetCoverage(int level, int name) => IsCoverage(level, name) && (Udp.IsLite || level == InetOption.IPPROTO_UDP)
        ? SocketOptions.Word((name == InetOption.UDPLITE_SEND_CSCOV ? Udp.SendCoverage : Udp.ReceiveCoverage) ?? 0)
        : base.GetProtocolOption(level, name);

    private static bool IsCoverage(int level, int name) =>
        level is InetOption.IPPROTO_UDP or InetOption.IPPROTO_UDPLITE && name is InetOption.UDPLITE_SEND_CSCOV or InetOption.UDPLITE_RECV_CSCOV;

    /// <inheritdoc/>
    protected override void Apply(int name)
    {
        switch (name)
        {
            case SocketOption.SO_REUSEADDR:
                Udp.ReuseAddress = Options.GetRemembered(name) != 0;
                break;
            case SocketOption.SO_REUSEPORT:
                Udp.ReusePort = Options.GetRemembered(name) != 0;
                break;
            default:
                base.Apply(name);
                break;
        }
    }
}
