using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Kernel;
using Dragonet.Net;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Inet;

/// <summary>A raw socket as programs see it (raw(7)).</summary>
internal sealed class RawFile(Task task, AddressFamily domain, int protocol, NetworkStack stack, OpenFlags flags)
    : DatagramFile(task, domain, SocketType.SOCK_RAW, protocol, stack, flags, inside => inside.CreateRaw(domain == AddressFamily.AF_INET6, (IPProtocol)protocol))
{
    private RawSocket Raw => (RawSocket)Socket;

    /// <inheritdoc/>
    protected override bool TrySetHeaderIncluded(bool value)
    {
        Raw.HasHeader = value;
        return true;
    }

    /// <inheritdoc/>
    protected override bool? HeaderIncluded => Raw.HasHeader;

    /// <inheritdoc/>
    protected override Errno SetProtocolOption(Task task, int level, int name, ReadOnlySpan<byte> value)
    {
        switch (level, name)
        {
            case (InetOption.SOL_RAW, InetOption.ICMP_FILTER) when Protocol == InetOption.IPPROTO_ICMP:
            case (InetOption.IPPROTO_ICMPV6, InetOption.ICMPV6_FILTER) when Protocol == InetOption.IPPROTO_ICMPV6:
                Raw.Block(level == InetOption.SOL_RAW ? value[..Math.Min(value.Length, 4)] : value);
                return Errno.OK;
            case (InetOption.SOL_RAW or InetOption.IPPROTO_IPV6, InetOption.IPV6_CHECKSUM) when IsV6:
                if (value.Length < 4)
                {
                    return Errno.EINVAL;
                }

                // An odd place is none (ipv6(7)); ICMPv6 has its own (RFC 3542, section 3.1).
                var offset = BinaryPrimitives.ReadInt32LittleEndian(value);
                if ((offset > 0 && offset % 2 != 0) || Protocol == InetOption.IPPROTO_ICMPV6)
                {
                    return Errno.EINVAL;
                }

                Raw.ChecksumOffset = Math.Max(offset, -1);
                return Errno.OK;
            default:
                return Errno.ENOPROTOOPT;
        }
    }
}
