using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.Inet;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.PacketSockets;

/// <summary>AF_PACKET (packet(7)): frames of the interfaces of the jail's stack.</summary>
internal sealed class PacketFamily(JailLocal<NetworkStack> stacks) : SocketFamily
{
    /// <inheritdoc/>
    public override AddressFamily Domain => AddressFamily.AF_PACKET;

    /// <inheritdoc/>
    public override Result<SocketFile> Create(Task task, SocketType type, int protocol, OpenFlags flags)
    {
        // Packets have everybody's addresses: not for a jail that has some of a stack's.
        if (!task.Credentials.Has(Capability.CAP_NET_RAW) || task.Jail.Get(stacks).IsShared)
        {
            return Errno.EPERM;
        }

        return type is SocketType.SOCK_RAW or SocketType.SOCK_DGRAM
            ? new PacketFile(task, task.Jail.Get(stacks), type, BinaryPrimitives.ReverseEndianness((ushort)protocol), flags)
            : Errno.ESOCKTNOSUPPORT;
    }
}
