using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Net;
using Dragonet.Vfs;

namespace Dragonet.Linux.Inet;

/// <summary>ioctl(2) about network interfaces (netdevice(7)). Inside the stack.</summary>
internal static class InterfaceRequests
{
    private const int Size = 40;   // struct ifreq
    private const int Union = NetDevice.IFNAMSIZ;

    public static SysResult Run(NetworkStack network, ICaller caller, uint request, ulong argument)
    {
        var stack = network.Stack;
        if (request == NetDevice.SIOCGIFCONF)
        {
            return List(network, caller, argument);
        }

        if (request is < NetDevice.SIOCGIFNAME or (> NetDevice.SIOCSIFTXQLEN and not NetDevice.SIOCETHTOOL))
        {
            return Errno.ENOTTY;
        }

        Span<byte> ifreq = stackalloc byte[Size];
        var error = caller.Memory.Read(argument, ifreq);
        if (error != Errno.OK)
        {
            return error;
        }

        var link = request == NetDevice.SIOCGIFNAME
            ? stack.FindInterface(BinaryPrimitives.ReadInt32LittleEndian(ifreq[Union..]))
            : Find(stack, ifreq[..NetDevice.IFNAMSIZ]);
        if (link is null)
        {
            return Errno.ENODEV;
        }

        if (IsChange(request))
        {
            return caller.Credentials.Has(Capability.CAP_NET_ADMIN) ? Change(network, link, request, ifreq) : Errno.EPERM;
        }

        error = Fill(network, link, request, ifreq);
        return error == Errno.OK ? caller.Memory.Write(argument, ifreq) : error;
    }

    /// <summary>IFF_* of an interface.</summary>
    public static uint FlagsOf(Interface link) =>
        (link.IsLoopback ? NetDevice.IFF_LOOPBACK
            : link is EthernetInterface { LeadsNowhere: true } ? (uint)(NetDevice.IFF_BROADCAST | NetDevice.IFF_NOARP)
            : link is EthernetInterface ? (uint)(NetDevice.IFF_BROADCAST | NetDevice.IFF_MULTICAST)
            : (uint)(NetDevice.IFF_POINTOPOINT | NetDevice.IFF_NOARP | NetDevice.IFF_MULTICAST))
        | (link.IsUp ? (uint)NetDevice.IFF_UP : 0)
        | (IsRunning(link) ? (uint)NetDevice.IFF_RUNNING : 0);

    /// <summary>It is up, and somebody is at the other end.</summary>
    public static bool IsRunning(Interface link) => link is { IsUp: true, HasCarrier: true };

    /// <summary>ARPHRD_*.</summary>
    public static ushort TypeOf(Interface link) =>
        link.IsLoopback ? NetDevice.ARPHRD_LOOPBACK : link is EthernetInterface ? NetDevice.ARPHRD_ETHER : NetDevice.ARPHRD_NONE;

    private static Errno Fill(NetworkStack network, Interface link, uint request, Span<byte> ifreq)
    {
        var union = ifreq[Union..];
        var address = link.Addresses.FirstOrDefault(prefix => prefix.Address.IsV4 && network.Shows(prefix.Address));
        var hasAddress = address.Length != 0;
        switch (request)
        {
            case NetDevice.SIOCGIFNAME:
                ifreq[..NetDevice.IFNAMSIZ].Clear();
                _ = System.Text.Encoding.ASCII.GetBytes(link.Name, ifreq);
                return Errno.OK;
            case NetDevice.SIOCGIFINDEX:
                BinaryPrimitives.WriteInt32LittleEndian(union, link.Index);
                return Errno.OK;
            case NetDevice.SIOCGIFFLAGS:
                BinaryPrimitives.WriteUInt16LittleEndian(union, (ushort)FlagsOf(link));
                return Errno.OK;
            case NetDevice.SIOCGIFMTU:
                BinaryPrimitives.WriteInt32LittleEndian(union, link.Mtu);
                return Errno.OK;
            case NetDevice.SIOCGIFMETRIC:
                BinaryPrimitives.WriteInt32LittleEndian(union, 0);
                return Errno.OK;
            case NetDevice.SIOCGIFTXQLEN:
                BinaryPrimitives.WriteInt32LittleEndian(union, link.QueueLength);
                return Errno.OK;
            case NetDevice.SIOCGIFHWADDR:
                union.Clear();
                BinaryPrimitives.WriteUInt16LittleEndian(union, TypeOf(link));
                link.HardwareAddress?.Write(union[2..]);
                return Errno.OK;
            case NetDevice.SIOCGIFADDR or NetDevice.SIOCGIFDSTADDR or NetDevice.SIOCGIFBRDADDR or NetDevice.SIOCGIFNETMASK when !hasAddress:
                return Errno.EADDRNOTAVAIL;
            case NetDevice.SIOCGIFADDR or NetDevice.SIOCGIFDSTADDR:
                return Put(union, address.Address);
            case NetDevice.SIOCGIFBRDADDR:
                return Put(union, (link.IsLoopback ? null : address.DirectedBroadcast) ?? IPAddress.AnyV4);
            case NetDevice.SIOCGIFNETMASK:
                return Put(union, IPAddress.FromV4(address.Length == 0 ? 0 : uint.MaxValue << (32 - address.Length)));
            default:
                return Errno.EOPNOTSUPP;
        }
    }

    private static bool IsChange(uint request) => request is NetDevice.SIOCSIFFLAGS or NetDevice.SIOCSIFADDR or NetDevice.SIOCSIFBRDADDR
        or NetDevice.SIOCSIFNETMASK or NetDevice.SIOCSIFMTU or NetDevice.SIOCSIFNAME or NetDevice.SIOCSIFHWADDR or NetDevice.SIOCSIFTXQLEN;

    private static Errno Change(NetworkStack network, Interface link, uint request, ReadOnlySpan<byte> ifreq)
    {
        var union = ifreq[Union..];
        switch (request)
        {
            case NetDevice.SIOCSIFFLAGS:
                return LinkChanges.SetFlags(network, link, BinaryPrimitives.ReadUInt16LittleEndian(union), NetDevice.IFF_UP);
            case NetDevice.SIOCSIFMTU:
                return LinkChanges.SetMtu(network, link, BinaryPrimitives.ReadInt32LittleEndian(union), out _);
            case NetDevice.SIOCSIFNAME:
                var end = union[..NetDevice.IFNAMSIZ].IndexOf((byte)0);
                return end < 0 ? Errno.EINVAL : LinkChanges.Rename(network, link, ByteString.FromBytes(union[..end]).ToString());
            case NetDevice.SIOCSIFHWADDR:
                return BinaryPrimitives.ReadUInt16LittleEndian(union) == TypeOf(link) ? LinkChanges.SetHardware(network, link, union[2..8]) : Errno.EINVAL;
            case NetDevice.SIOCSIFADDR or NetDevice.SIOCSIFNETMASK:
                return SetAddress(network, link, request == NetDevice.SIOCSIFNETMASK, union);
            case NetDevice.SIOCSIFTXQLEN:
                return LinkChanges.SetQueueLength(network, link, BinaryPrimitives.ReadInt32LittleEndian(union));
            default:
                return Errno.EOPNOTSUPP; // a broadcast address of its own
        }
    }

    /// <summary>SIOCSIFADDR replaces the first address, with the network of its class (RFC 791, section 3.2);
    /// SIOCSIFNETMASK changes its network (devinet_ioctl of Linux).</summary>
    private static Errno SetAddress(NetworkStack network, Interface link, bool isMask, ReadOnlySpan<byte> union)
    {
        if (!InetAddress.Parse(union[..16], AddressFamily.AF_INET).Ok(out var given, out _))
        {
            return Errno.EINVAL;
        }

        var address = given.Address;
        var old = link.Addresses.FirstOrDefault(prefix => prefix.Address.IsV4);
        Prefix wanted;
        if (isMask)
        {
            if (old == default)
            {
                return Errno.EADDRNOTAVAIL;
            }

            var length = System.Numerics.BitOperations.LeadingZeroCount(~address.V4);
            if (length < 32 && address.V4 << length != 0)
            {
                return Errno.EINVAL;
            }

            wanted = old with { Length = length };
        }
        else
        {
            var first = address.V4 >> 24;
            wanted = new Prefix(address, link is PointToPointInterface ? 32 : first < 128 ? 8 : first < 192 ? 16 : first < 224 ? 24 : 32);
        }

        if (wanted == old)
        {
            return Errno.OK;
        }

        if (old != default)
        {
            _ = LinkChanges.RemoveAddress(network, link, old);
        }

        if (address.IsUnspecified && !isMask)
        {
            return Errno.OK; // 0.0.0.0 takes it away
        }

        return LinkChanges.AddAddress(network, link, wanted);
    }

    private static Errno Put(Span<byte> union, IPAddress address)
    {
        InetAddress.Format(new Endpoint(address, 0), AddressFamily.AF_INET).CopyTo(union);
        return Errno.OK;
    }

    /// <summary>SIOCGIFCONF: IPv4 addresses; with no buffer, how long the list is.</summary>
    private static SysResult List(NetworkStack network, ICaller caller, ulong argument)
    {
        Span<byte> ifconf = stackalloc byte[16];
        var error = caller.Memory.Read(argument, ifconf);
        if (error != Errno.OK)
        {
            return error;
        }

        var room = BinaryPrimitives.ReadInt32LittleEndian(ifconf);
        var buffer = BinaryPrimitives.ReadUInt64LittleEndian(ifconf[8..]);
        var used = 0;
        var entry = new byte[Size];
        foreach (var link in network.Stack.Interfaces)
        {
            foreach (var prefix in link.Addresses.Where(prefix => prefix.Address.IsV4 && network.Shows(prefix.Address)))
            {
                if (buffer != 0)
                {
                    if (room - used < Size)
                    {
                        break;
                    }

                    Array.Clear(entry);
                    _ = System.Text.Encoding.ASCII.GetBytes(link.Name, entry);
                    _ = Put(entry.AsSpan(Union), prefix.Address);
                    error = caller.Memory.Write(buffer + (ulong)used, entry);
                    if (error != Errno.OK)
                    {
                        return error;
                    }
                }

                used += Size;
            }
        }

        BinaryPrimitives.WriteInt32LittleEndian(ifconf, used);
        return caller.Memory.Write(argument, ifconf[..4]);
    }

    private static Interface? Find(Stack stack, ReadOnlySpan<byte> name)
    {
        var end = name.IndexOf((byte)0);
        var text = ByteString.FromBytes(end < 0 ? name[..^1] : name[..end]);
        return stack.Interfaces.FirstOrDefault(link => link.Name == text);
    }
}
