using Dragonet.Abi;
using Dragonet.Kernel;
using Dragonet.Net;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Inet;

/// <summary>A UDP socket as programs see it (udp(7)).</summary>
internal sealed class UdpFile(Task task, AddressFamily domain, NetworkStack stack, OpenFlags flags)
    : DatagramFile(task, domain, SocketType.SOCK_DGRAM, InetOption.IPPROTO_UDP, stack, flags, inside => inside.CreateUdp(domain == AddressFamily.AF_INET6))
{
    private UdpSocket Udp => (UdpSocket)Socket;

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
