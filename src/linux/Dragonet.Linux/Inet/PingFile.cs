using Dragonet.Abi;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Inet;

/// <summary>A ping socket as programs see it (icmp(7)); everybody may have one, as where ping_group_range is 0 to 2147483647.</summary>
internal sealed class PingFile(Task task, AddressFamily domain, NetworkStack stack, OpenFlags flags)
    : DatagramFile(
        task, domain, SocketType.SOCK_DGRAM, domain == AddressFamily.AF_INET6 ? InetOption.IPPROTO_ICMPV6 : InetOption.IPPROTO_ICMP, stack, flags,
        inside => inside.CreatePing(domain == AddressFamily.AF_INET6));
