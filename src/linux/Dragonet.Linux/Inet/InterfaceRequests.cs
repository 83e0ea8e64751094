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

    public static SysResult Run(Stack stack, ICaller caller, uint request, ulong argument)
    {
        if (request == NetDevice.SIOCGIFCONF)
        {
            return List(stack, caller, argument);
        }

        if (request is < NetDevice.SIOCGIFNAME or > NetDevice.SIOCGIFTXQLEN)
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

        if (request == NetDevice.SIOCSIFFLAGS)
        {
            if (!caller.Credentials.Has(Capability.CAP_NET_ADMIN))
            {
                return Errno.EPERM;
            }

            link.IsUp = (BinaryPrimitives.ReadUInt16LittleEndian(ifreq[Union..]) & NetDevice.IFF_UP) != 0;
            return 0;
        }

        error = Fill(link, request, ifreq);
        return error == Errno.OK ? caller.Memory.Write(argument, ifreq) : error;
    }

    /// <summary>IFF_* of an interface.</summary>
    public static uint FlagsOf(Interface link) =>
        (link.IsLoopback ? NetDevice.IFF_LOOPBACK
            : link is EthernetInterface ? (uint)(NetDevice.IFF_BROADCAST | NetDevice.IFF_MULTICAST)
            : (uint)(NetDevice.IFF_POINTOPOINT | NetDevice.IFF_NOARP | NetDevice.IFF_MULTICAST))
        | (link.IsUp ? (uint)(NetDevice.IFF_UP | NetDevice.IFF_RUNNING) : 0);

    /// <summary>ARPHRD_*.</summary>
    public static ushort TypeOf(Interface link) =>
        link.IsLoopback ? NetDevice.ARPHRD_LOOPBACK : link is EthernetInterface ? NetDevice.ARPHRD_ETHER : NetDevice.ARPHRD_NONE;

    private static Errno Fill(Interface link, uint request, Span<byte> ifreq)
    {
        var union = ifreq[Union..];
        var address = link.Addresses.FirstOrDefault(prefix => prefix.Address.IsV4);
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
                BinaryPrimitives.WriteInt32LittleEndian(union, 1000);
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

    private static Errno Put(Span<byte> union, IPAddress address)
    {
        InetAddress.Format(new Endpoint(address, 0), AddressFamily.AF_INET).CopyTo(union);
        return Errno.OK;
    }

    /// <summary>SIOCGIFCONF: IPv4 addresses; with no buffer, how long the list is.</summary>
    private static SysResult List(Stack stack, ICaller caller, ulong argument)
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
        foreach (var link in stack.Interfaces)
        {
            foreach (var prefix in link.Addresses.Where(prefix => prefix.Address.IsV4))
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
