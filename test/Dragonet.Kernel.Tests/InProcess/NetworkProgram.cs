using Dragonet.Abi;
using Dragonet.Platform.InProcess;

namespace Dragonet.Kernel.Tests.InProcess;

/// <summary>A program of a <see cref="NetworkSchedule"/>: does with sockets what comes to its mind, and waits in some of it for ever.</summary>
internal sealed class NetworkProgram(Guest first, Random random, NetworkScheduleCounts counts)
{
    private const int NonBlocking = 0x800;
    private readonly List<int> _sockets = [];

    internal void Run()
    {
        if (random.Next(3) == 0)
        {
            var own = new Random(random.Next());
            _ = first.Fork(child => new NetworkProgram(child, own, counts).Work(child));
        }

        if (random.Next(3) == 0)
        {
            _ = first.NewThread(Work); // with the same descriptors, which one closes under the other
        }

        Work(first);
        if (random.Next(2) == 0)
        {
            _ = first.Pause();
        }
    }

    private void Work(Guest guest)
    {
        for (var steps = random.Next(3, 20); steps > 0; steps--)
        {
            Step(guest);
        }
    }

    private void Step(Guest guest)
    {
        var flags = random.Next(3) > 0 ? (OpenFlags)NonBlocking : 0;
        switch (random.Next(13))
        {
            case 0 or 1:
                Serve(guest, flags);
                break;
            case 2 or 3:
                Call(guest, flags);
                break;
            case 4 when Add(guest.Socket(AddressFamily.AF_INET, SocketType.SOCK_DGRAM, 0, flags)) is >= 0 and var fd:
                _ = guest.Bind(fd, SocketLibc.Inet(0, 0, 0, 0, 53));
                _ = guest.SetOption(fd, 0, 35, [239, 0, 0, (byte)random.Next(1, 4), 0, 0, 0, 0]); // IP_ADD_MEMBERSHIP
                Receive(guest, fd);
                break;
            case 5 when Add(guest.Socket(AddressFamily.AF_INET, SocketType.SOCK_DGRAM, 0, flags)) is >= 0 and var fd:
                _ = guest.SetOption(fd, 1, 6, 1, 0, 0, 0); // SO_BROADCAST
                for (var count = random.Next(1, 4); count > 0; count--)
                {
                    _ = guest.Send(fd, random.Next(4000), random.Next(4) == 0 ? SocketLibc.Inet(10, 0, 0, 255, 53) : Somebody(53));
                }

                break;
            case 6 when Add(guest.Socket(AddressFamily.AF_PACKET, SocketType.SOCK_RAW, 0x300, flags)) is >= 0 and var fd:
                Receive(guest, fd);
                break;
            case 7 when Add(guest.Socket(AddressFamily.AF_INET, SocketType.SOCK_RAW, 1, flags)) is >= 0 and var fd:
                _ = guest.Send(fd, 64, Somebody(0));
                Receive(guest, fd);
                break;
            case 8 or 9:
                Configure(guest, flags);
                break;
            case 10 when _sockets.Count > 0:
                _ = guest.Poll(_sockets[random.Next(_sockets.Count)], random.Next(3) == 0 ? -1 : random.Next(3000));
                break;
            case 11 when _sockets.Count > 0:
                var index = random.Next(_sockets.Count);
                _ = random.Next(3) == 0 ? guest.Call(Nr.shutdown, (ulong)_sockets[index], (ulong)random.Next(3)) : guest.Close(_sockets[index]);
                break;
            default:
                _ = guest.Sleep(TimeSpan.FromMilliseconds(random.Next(500)));
                break;
        }
    }

    private void Serve(Guest guest, OpenFlags flags)
    {
        var fd = Add(guest.Socket(AddressFamily.AF_INET, SocketType.SOCK_STREAM, 0, flags));
        _ = guest.SetOption(fd, 1, 2, 1, 0, 0, 0); // SO_REUSEADDR
        _ = guest.Bind(fd, SocketLibc.Inet(0, 0, 0, 0, 80));
        _ = guest.Call(Nr.listen, (ulong)fd, (ulong)random.Next(5));
        for (var count = random.Next(4); count > 0; count--)
        {
            var accepted = (int)guest.Call(Nr.accept4, (ulong)fd, 0, 0, (ulong)(random.Next(2) * NonBlocking));
            if (accepted >= 0)
            {
                counts.Accepted++;
                _ = Add(accepted);
                Receive(guest, accepted);
                _ = guest.Send(accepted, random.Next(50_000));
            }
        }
    }

    private void Call(Guest guest, OpenFlags flags)
    {
        var fd = Add(guest.Socket(AddressFamily.AF_INET, SocketType.SOCK_STREAM, 0, flags));
        var result = guest.Connect(fd, Somebody(80));
        if (result == Libc.Failed(Errno.EINPROGRESS))
        {
            _ = guest.Poll(fd, 1000);
            result = guest.Connect(fd, Somebody(80));
        }

        counts.Connected += result == 0 ? 1 : 0;
        _ = guest.Send(fd, random.Next(100_000));
        if (random.Next(2) == 0)
        {
            Receive(guest, fd);
        }
    }

    /// <summary>rtnetlink(7): looks at links, makes and removes some, switches one on or off, and listens to what becomes of them.</summary>
    private void Configure(Guest guest, OpenFlags flags)
    {
        var fd = Add(guest.Socket(AddressFamily.AF_NETLINK, SocketType.SOCK_RAW, 0, flags));
        _ = guest.Bind(fd, [16, 0, 0, 0, 0, 0, 0, 0, 0x51, 0, 0, 0]); // links, addresses, routes of IPv4
        var index = (byte)random.Next(1, 6);
        _ = guest.Send(fd, random.Next(6) switch
        {
            0 => SocketLibc.NetlinkMessage(18, 0x300, new byte[16]), // RTM_GETLINK, dump
            1 => SocketLibc.NetlinkMessage(16, 0x604, [.. new byte[16], .. SocketLibc.Attribute(18, SocketLibc.Attribute(1, random.Next(2) == 0 ? "veth\0"u8 : "dummy\0"u8))]), // RTM_NEWLINK
            2 => SocketLibc.NetlinkMessage(17, 4, [0, 0, 0, 0, index, .. new byte[11]]), // RTM_DELLINK
            3 => SocketLibc.NetlinkMessage(16, 4, [0, 0, 0, 0, index, 0, 0, 0, (byte)random.Next(2), 0, 0, 0, 1, 0, 0, 0]),
            4 => SocketLibc.NetlinkMessage(20, 0x604, [2, 24, 0, 0, index, 0, 0, 0, .. SocketLibc.Attribute(2, 10, 0, 0, (byte)random.Next(1, 9))]), // RTM_NEWADDR
            _ => SocketLibc.NetlinkMessage(26, 0x300, [2, .. new byte[11]]), // RTM_GETROUTE, dump
        });
        Receive(guest, fd);
    }

    private void Receive(Guest guest, int fd)
    {
        for (var count = random.Next(1, 4); count > 0; count--)
        {
            counts.Received += guest.Receive(fd, random.Next(1, 16_000)) > 0 ? 1 : 0;
        }
    }

    private byte[] Somebody(int port) => random.Next(6) == 0 ? SocketLibc.Inet(127, 0, 0, 1, port) : SocketLibc.Inet(10, 0, 0, (byte)random.Next(1, 10), port);

    private int Add(int fd)
    {
        if (fd >= 0)
        {
            _sockets.Add(fd);
        }

        return fd;
    }
}
