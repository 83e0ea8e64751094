using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.NetlinkSockets;
using Dragonet.Linux.PacketSockets;
using Dragonet.Linux.Tun;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Inet;

/// <summary>AF_INET or AF_INET6 (ip(7), ipv6(7)). Each jail has a stack of its own, or some addresses of that of the jail it is in.</summary>
public sealed class InetFamily : SocketFamily
{
    private readonly JailLocal<NetworkStack> _stacks;

    private InetFamily(AddressFamily domain, JailLocal<NetworkStack> stacks)
    {
        Domain = domain;
        _stacks = stacks;
    }

    /// <inheritdoc/>
    public override AddressFamily Domain { get; }

    /// <summary>Gives a kernel the IP families: every jail gets a stack with lo, and nothing else.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="identity">What tells its MAC addresses from those of other kernels.</param>
    /// <returns>The stacks.</returns>
    public static JailLocal<NetworkStack> Install(Kernel.Kernel kernel, string identity)
    {
        var fabric = new NetworkFabric(identity);
        JailLocal<NetworkStack>? stacks = null;
        stacks = kernel.JailSlots.Add(
            "network stack", order: 50,
            jail => jail is Jail { Parent: { } above } sharing && JailAddresses.Read(sharing, above.Get(stacks!).Addresses, out _) is { } addresses
                ? new NetworkStack(above.Get(stacks!), jail, addresses) : new NetworkStack(kernel, jail, fabric),
            static stack => stack.End());
        kernel.Sockets.Register(new InetFamily(AddressFamily.AF_INET, stacks));
        kernel.Sockets.Register(new InetFamily(AddressFamily.AF_INET6, stacks));
        kernel.Sockets.Register(new NetlinkFamily(stacks));
        kernel.Sockets.Register(new PacketFamily(stacks));
        TunFile.Register(kernel, stacks);
        kernel.Sockets.Network = new NetworkReport(kernel, stacks);
        return stacks;
    }

    /// <inheritdoc/>
    public override Result<SocketFile> Create(Task task, SocketType type, int protocol, OpenFlags flags)
    {
        var stack = task.Jail.Get(_stacks);
        if (stack.Addresses?.Of(isV4: Domain == AddressFamily.AF_INET) is { Count: 0 })
        {
            return Errno.EAFNOSUPPORT; // ip4=disable, ip6=disable (prison_check_af of FreeBSD)
        }

        var echo = Domain == AddressFamily.AF_INET ? InetOption.IPPROTO_ICMP : InetOption.IPPROTO_ICMPV6;
        switch (type)
        {
            case SocketType.SOCK_STREAM:
                return protocol is 0 or InetOption.IPPROTO_TCP ? Result<SocketFile>.Of(new TcpFile(task, Domain, stack, flags)) : Errno.EPROTONOSUPPORT;
            case SocketType.SOCK_DGRAM when protocol == echo:
                return new PingFile(task, Domain, stack, flags);
            case SocketType.SOCK_DGRAM:
                return protocol is 0 or InetOption.IPPROTO_UDP or InetOption.IPPROTO_UDPLITE
                    ? Result<SocketFile>.Of(new UdpFile(task, Domain, stack, flags, protocol == 0 ? InetOption.IPPROTO_UDP : protocol)) : Errno.EPROTONOSUPPORT;
            case SocketType.SOCK_RAW:
                return protocol is < 0 or > InetOption.IPPROTO_RAW ? Errno.EINVAL
                    : protocol == 0 ? Errno.EPROTONOSUPPORT
                    : task.Credentials.Has(Capability.CAP_NET_RAW) ? new RawFile(task, Domain, protocol, stack, flags)
                    : Errno.EPERM;
            default:
                return Errno.ESOCKTNOSUPPORT;
        }
    }
}
