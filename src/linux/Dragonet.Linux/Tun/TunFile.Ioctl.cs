using System.Buffers.Binary;
using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.Inet;
using Dragonet.Net;
using Dragonet.Vfs;

namespace Dragonet.Linux.Tun;

/// <summary>ioctl(2) on /dev/net/tun (__tun_chr_ioctl of Linux).</summary>
internal sealed partial class TunFile
{
    private const int RequestSize = 40; // struct ifreq
    private const int Union = NetDevice.IFNAMSIZ;
    private const ushort Features = TunNumbers.IFF_TUN | TunNumbers.IFF_TAP | TunNumbers.IFF_NO_PI | TunNumbers.IFF_ONE_QUEUE | TunNumbers.IFF_NO_CARRIER;

    /// <inheritdoc/>
    public override SysResult Ioctl(ICaller caller, uint request, ulong argument)
    {
        Span<byte> ifreq = stackalloc byte[RequestSize];
        ifreq.Clear();
        if (request is TunNumbers.TUNSETIFF or NetDevice.SIOCGIFHWADDR or NetDevice.SIOCSIFHWADDR)
        {
            var error = caller.Memory.Read(argument, ifreq);
            if (error != Errno.OK)
            {
                return error;
            }
        }

        if (request == TunNumbers.TUNGETFEATURES)
        {
            return caller.Memory.Write(argument, (int)Features);
        }

        if (request == TunNumbers.TUNSETIFF)
        {
            var error = Attach(caller, ifreq);
            return error == Errno.OK ? caller.Memory.Write(argument, ifreq) : error;
        }

        if (Link is not { } link)
        {
            return Errno.EBADFD;
        }

        switch (request)
        {
            case TunNumbers.TUNGETIFF:
                Describe(link, ifreq);
                return caller.Memory.Write(argument, ifreq);
            case TunNumbers.TUNSETPERSIST:
                link.IsPersistent = argument != 0;
                return Errno.OK;
            case TunNumbers.TUNSETOWNER or TunNumbers.TUNSETGROUP:
                return SetOwner(link, request == TunNumbers.TUNSETGROUP, argument);
            case TunNumbers.TUNSETNOCSUM or TunNumbers.TUNSETDEBUG:
                return Errno.OK;
            case TunNumbers.TUNSETOFFLOAD:
                return (argument & ~(ulong)TunNumbers.TUN_F_ALL) == 0 ? Errno.OK : Errno.EINVAL; // what the reader could take: all packets come whole
            case NetDevice.SIOCGIFHWADDR:
                BinaryPrimitives.WriteUInt16LittleEndian(ifreq[Union..], InterfaceRequests.TypeOf(link.Link));
                link.Link.HardwareAddress?.Write(ifreq[(Union + 2)..]);
                return caller.Memory.Write(argument, ifreq);
            case NetDevice.SIOCSIFHWADDR:
                return Change(link, ifreq[(Union + 2)..], static (network, link, bytes) => LinkChanges.SetHardware(network, link, bytes[..EthernetAddress.Size]));
            case TunNumbers.TUNGETSNDBUF:
                return caller.Memory.Write(argument, Volatile.Read(ref _sendBuffer));
            case TunNumbers.TUNSETSNDBUF or TunNumbers.TUNSETCARRIER:
                if (caller.Memory.Read(argument, ifreq[..4]) is not Errno.OK and var error)
                {
                    return error;
                }

                var value = BinaryPrimitives.ReadInt32LittleEndian(ifreq);
                if (request == TunNumbers.TUNSETCARRIER)
                {
                    SetCarrier(link, value != 0);
                    return Errno.OK;
                }

                if (value <= 0)
                {
                    return Errno.EINVAL;
                }

                Volatile.Write(ref _sendBuffer, value); // what is written is received at once: nothing waits
                return Errno.OK;
            default:
                return Errno.EINVAL;
        }
    }

    /// <summary>TUNSETIFF: takes an interface that there is, or makes one (tun_set_iff of Linux).</summary>
    private Errno Attach(ICaller caller, Span<byte> ifreq)
    {
        using (_lock.Enter())
        {
            if (_link is not null || _isAttaching)
            {
                return Errno.EEXIST;
            }

            _isAttaching = true;
        }

        var error = Attach(caller.Credentials, ifreq, out var link);
        using (_lock.Enter())
        {
            _isAttaching = false;
            _link = link;
        }

        return error;
    }

    private Errno Attach(Credentials credentials, Span<byte> ifreq, out TunLink? link)
    {
        link = null;
        ifreq[Union - 1] = 0;
        var flags = BinaryPrimitives.ReadUInt16LittleEndian(ifreq[Union..]);
        var name = ByteString.FromBytes(ifreq[..ifreq.IndexOf((byte)0)]).ToString();
        Interface? known;
        using (_network.Enter())
        {
            known = name.Length == 0 ? null : _network.Stack.FindInterface(name);
        }

        // Several queues and packets with a description of checksums: not here, as TUNGETFEATURES says.
        if ((flags & (TunNumbers.IFF_MULTI_QUEUE | TunNumbers.IFF_VNET_HDR)) != 0)
        {
            return Errno.EINVAL;
        }

        var (isTun, isTap, hasHead) = ((flags & TunNumbers.IFF_TUN) != 0, (flags & TunNumbers.IFF_TAP) != 0, (flags & TunNumbers.IFF_NO_PI) == 0);
        TunLink taken;
        if (known is not null)
        {
            if ((flags & TunNumbers.IFF_TUN_EXCL) != 0)
            {
                return Errno.EBUSY;
            }

            if (known.Driver is not TunLink there || !(there.IsTap ? isTap : isTun))
            {
                return Errno.EINVAL;
            }

            if (!there.MayTake(credentials))
            {
                return Errno.EPERM;
            }

            if (there.IsRemoved || !there.TryTake(this))
            {
                return Errno.EBUSY;
            }

            (taken, there.HasHead) = (there, hasHead);
        }
        else
        {
            if (!credentials.Has(Capability.CAP_NET_ADMIN))
            {
                return Errno.EPERM;
            }

            if (!isTun && !isTap)
            {
                return Errno.EINVAL;
            }

            taken = new TunLink(isTap: !isTun, hasHead);
            _ = taken.TryTake(this);
            var error = taken.Create(_network, name.Length > 0 ? name : isTun ? "tun%d" : "tap%d");
            if (error != Errno.OK)
            {
                return error;
            }

            if (isTun)
            {
                taken.Link.QueueLength = 500; // TUN_READQ_SIZE of Linux
            }

            using (_network.Enter())
            {
                _network.Events.Link(taken.Link);
            }
        }

        SetCarrier(taken, (flags & TunNumbers.IFF_NO_CARRIER) == 0);
        link = taken;
        ifreq[..Union].Clear();
        _ = Encoding.ASCII.GetBytes(taken.Link.Name, ifreq);
        return Errno.OK;
    }

    private static void Describe(TunLink link, Span<byte> ifreq)
    {
        _ = Encoding.ASCII.GetBytes(link.Link.Name, ifreq);
        var flags = (link.IsTap ? TunNumbers.IFF_TAP : TunNumbers.IFF_TUN) | (link.HasHead ? 0 : TunNumbers.IFF_NO_PI) | (link.IsPersistent ? TunNumbers.IFF_PERSIST : 0);
        BinaryPrimitives.WriteUInt16LittleEndian(ifreq[Union..], (ushort)flags);
    }

    private static Errno SetOwner(TunLink link, bool isGroup, ulong argument)
    {
        var id = (uint)argument;
        if (id == uint.MaxValue)
        {
            return Errno.EINVAL;
        }

        if (isGroup)
        {
            link.Group = id;
        }
        else
        {
            link.Owner = id;
        }

        return Errno.OK;
    }

    private void SetCarrier(TunLink link, bool isOn)
    {
        _ = Change(link, isOn ? [1] : [0], static (network, link, on) =>
        {
            if (link.HasCarrier != (on[0] != 0))
            {
                link.HasCarrier = !link.HasCarrier;
                network.Events.Link(link);
            }

            return Errno.OK;
        });
    }

    private Errno Change(TunLink link, ReadOnlySpan<byte> value, LinkChange change)
    {
        if (_network.Fabric.PlaceOf(link.Link) is not { } place)
        {
            return Errno.EBADFD;
        }

        using (place.Enter())
        {
            return place.Stack.Interfaces.Contains(link.Link) ? change(place, link.Link, value) : Errno.EBADFD;
        }
    }

    private delegate Errno LinkChange(NetworkStack network, Interface link, ReadOnlySpan<byte> value);
}
