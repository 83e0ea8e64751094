using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.Inet;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>AF_NETLINK (netlink(7)): NETLINK_ROUTE and NETLINK_SOCK_DIAG answer questions about the jail's stack and sockets, NETLINK_GENERIC knows of no family.</summary>
internal sealed class NetlinkFamily(JailLocal<NetworkStack> stacks) : SocketFamily
{
    private readonly KernelLock _lock = new(LockRank.Socket);
    private readonly HashSet<uint> _ports = []; // guarded by _lock
    private uint _last;                         // guarded by _lock

    /// <inheritdoc/>
    public override AddressFamily Domain => AddressFamily.AF_NETLINK;

    /// <inheritdoc/>
    public override Result<SocketFile> Create(Task task, SocketType type, int protocol, OpenFlags flags)
    {
        if (type is not (SocketType.SOCK_RAW or SocketType.SOCK_DGRAM))
        {
            return Errno.ESOCKTNOSUPPORT;
        }

        return protocol is Netlink.NETLINK_ROUTE or Netlink.NETLINK_SOCK_DIAG or Netlink.NETLINK_GENERIC
            ? new NetlinkFile(task, this, task.Jail.Get(stacks), type, protocol, flags) : Errno.EPROTONOSUPPORT;
    }

    /// <summary>The stack of a jail.</summary>
    public NetworkStack StackOf(Jail jail) => jail.Get(stacks);

    /// <summary>Takes a port id; 0 for the process's own number, or any when that is taken.</summary>
    /// <returns>EADDRINUSE when somebody has it.</returns>
    public Result<uint> TakePort(uint wanted, int pid)
    {
        using (_lock.Enter())
        {
            if (wanted != 0)
            {
                return _ports.Add(wanted) ? wanted : Errno.EADDRINUSE;
            }

            var port = (uint)pid;
            while (!_ports.Add(port))
            {
                port = 0x80000000 | ++_last;
            }

            return port;
        }
    }

    public void GivePort(uint port)
    {
        using (_lock.Enter())
        {
            _ = _ports.Remove(port);
        }
    }
}
