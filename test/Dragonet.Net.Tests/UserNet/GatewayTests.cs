using Dragonet.Abi;
using Dragonet.Platform;
using Dragonet.UserNet;
using Xunit;

namespace Dragonet.Net.Tests.UserNet;

/// <summary>What the gateway makes of connections, datagrams and echo requests.</summary>
public sealed class GatewayTests
{
    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("2001:db8::1")]
    public void A_connection_carries_bytes_both_ways_and_ends_both_ways(string to)
    {
        var site = new Site();
        var (guest, host) = site.Connect(to, 80);
        Assert.Equal(IPAddress.Parse(to), new IPAddress(host.Remote.High, host.Remote.Low));
        var data = Bytes(3_000_000);
        var sent = 0;
        while (sent < data.Length)
        {
            sent += guest.Send(data.AsSpan(sent)).Ok(out var some) ? some : 0;
            site.Pass(World.Millisecond);
        }

        site.Pass(World.Second);
        Assert.Equal(data, host.Stream);

        host.Give(data);
        var received = new List<byte>();
        var buffer = new byte[50_000];
        while (guest.Receive(buffer).Ok(out var count) || received.Count < data.Length)
        {
            received.AddRange(buffer.AsSpan(0, count));
            site.Pass(World.Millisecond);
        }

        Assert.Equal(data, received);
        _ = guest.Shutdown(read: false, write: true);
        site.Pass(World.Second);
        Assert.True(host.IsSendingFinished);
        Assert.False(host.IsClosed);
        host.End();
        site.Pass(World.Second);
        Assert.Equal(0, guest.Receive(buffer).Value);
        Assert.True(host.IsClosed);
        guest.Close();
        site.Pass(120 * World.Second);
        Assert.Equal((0, 0), (site.Guest.Census.Connections, site.Gateway.HostSockets));
        Assert.Equal(0, site.Guest.Census.Packets);
    }

    [Fact]
    public void A_host_that_takes_nothing_closes_the_guests_window()
    {
        var site = new Site();
        var (guest, host) = site.Connect("192.0.2.1", 80);
        host.Room = 0;
        var sent = 0;
        for (var i = 0; i < 1000; i++)
        {
            sent += guest.Send(new byte[100_000]).Ok(out var some) ? some : 0;
            site.Pass(World.Millisecond);
        }

        Assert.InRange(sent, 1, 3_000_000); // two buffers, and nothing in between
        host.Room = int.MaxValue;
        host.Tell(PollEvents.POLLOUT);
        site.Pass(World.Second);
        Assert.Equal(sent, host.Stream.Length);
    }

    [Fact]
    public void A_guest_that_reads_nothing_leaves_the_bytes_with_the_host()
    {
        var site = new Site();
        var (guest, host) = site.Connect("192.0.2.1", 80);
        host.Give([.. Enumerable.Range(0, 100).Select(_ => new byte[50_000])]);
        site.Pass(World.Second);
        Assert.InRange(host.Incoming.Sum(part => part.Length), 2_000_000, 5_000_000);
        var buffer = new byte[100_000];
        var received = 0;
        for (var i = 0; i < 5000; i++)
        {
            received += guest.Receive(buffer).Ok(out var some) ? some : 0;
            site.Pass(World.Millisecond);
        }

        Assert.Equal(5_000_000, received);
    }

    [Theory]
    [InlineData(Errno.ECONNREFUSED, Errno.ECONNREFUSED)]
    [InlineData(Errno.ENETUNREACH, Errno.ENETUNREACH)]
    [InlineData(Errno.EHOSTUNREACH, Errno.EHOSTUNREACH)]
    [InlineData(Errno.EACCES, Errno.EHOSTUNREACH)]
    public void A_guest_is_told_why_the_host_could_not_connect(Errno hosts, Errno guests)
    {
        var site = new Site();
        var guest = site.Call("192.0.2.1", 80);
        Assert.Equal(TcpState.SynSent, guest.State); // nothing is promised yet
        site.Host.Sockets[^1].Tell(PollEvents.POLLERR | PollEvents.POLLHUP, hosts);
        Assert.Equal(guests, guest.TakeError());
        Assert.Equal(0, site.Gateway.HostSockets);
    }

    [Fact]
    public void Silence_ends_with_the_guests_own_patience()
    {
        var site = new Site();
        var guest = site.Call("192.0.2.1", 80);
        site.Pass(100 * World.Second);
        _ = Assert.Single(site.Host.Sockets); // asked for again and again, but one call
        Assert.Equal(TcpState.SynSent, guest.State);
        site.Host.Sockets[^1].Tell(PollEvents.POLLERR | PollEvents.POLLHUP, Errno.ETIMEDOUT);
        foreach (var _ in Enumerable.Range(0, 200))
        {
            site.Pass(World.Second);
            site.Host.Sockets[^1].Tell(PollEvents.POLLERR | PollEvents.POLLHUP, Errno.ETIMEDOUT);
        }

        Assert.Equal(Errno.ETIMEDOUT, guest.TakeError());
        guest.Close();
        Assert.Equal(0, site.Gateway.HostSockets);
    }

    [Fact]
    public void A_reset_goes_through_both_ways()
    {
        var site = new Site();
        var (guest, host) = site.Connect("192.0.2.1", 80);
        host.Tell(PollEvents.POLLIN | PollEvents.POLLERR, Errno.ECONNRESET);
        Assert.Equal(Errno.ECONNRESET, guest.Receive(new byte[1]).Error);
        Assert.True(host.IsClosed);

        (guest, host) = site.Connect("192.0.2.1", 80);
        guest.Close(hard: true);
        site.Run();
        Assert.True(host.IsAborted);

        // Also while the host takes nothing and nobody else would look.
        (guest, host) = site.Connect("192.0.2.1", 80);
        host.Room = 0;
        _ = guest.Send(new byte[10]);
        site.Run();
        guest.Close(hard: true);
        site.Run();
        Assert.True(host.IsAborted);
        Assert.Equal(0, site.Gateway.HostSockets);
    }

    [Fact]
    public void The_same_port_calls_again_when_the_server_has_closed_first()
    {
        var site = new Site();
        for (var round = 0; round < 5; round++)
        {
            var guest = site.Guest.CreateTcp(isV6: false);
            Assert.Equal(Errno.OK, guest.Bind(new Endpoint(IPAddress.AnyV4, 4000)));
            Assert.Equal(Errno.EINPROGRESS, guest.Connect(new Endpoint(IPAddress.Parse("192.0.2.1"), 80)));
            site.Run();
            site.Host.Sockets[^1].Tell(PollEvents.POLLOUT);
            Assert.Equal(TcpState.Established, guest.State);
            site.Host.Sockets[^1].End(); // so the gateway's end waits for a minute (TIME-WAIT), and the guest's does not
            site.Pass(10 * World.Millisecond);
            guest.Close();
            site.Pass(10 * World.Millisecond);
        }

        Assert.Equal(0, site.Gateway.HostSockets);
    }

    [Fact]
    public void Many_calls_in_a_row_take_many_ports()
    {
        var site = new Site();
        var ports = new HashSet<ushort>();
        for (var round = 0; round < 1000; round++)
        {
            var guest = site.Call("192.0.2.1", 80);
            Assert.True(ports.Add(guest.Local.Port));
            guest.Close();
        }
    }

    [Fact]
    public void Hundreds_of_connections_stand_side_by_side()
    {
        var site = new Site();
        var pairs = Enumerable.Range(0, 500).Select(i => site.Connect("192.0.2.1", (ushort)(1000 + i))).ToList();
        Assert.Equal(500, site.Gateway.HostSockets);
        foreach (var ((_, host), i) in pairs.Select((pair, i) => (pair, i)))
        {
            host.Give(BitConverter.GetBytes(i));
        }

        site.Pass(World.Second);
        var buffer = new byte[100];
        Assert.All(pairs.Select((pair, i) => (pair.Guest, i)), each =>
        {
            Assert.Equal(4, each.Guest.Receive(buffer).Value);
            Assert.Equal(each.i, BitConverter.ToInt32(buffer));
        });
    }

    [Fact]
    public void Datagrams_find_their_way_back_and_their_flow_ends_when_idle()
    {
        var site = new Site();
        var socket = site.Guest.CreateUdp(isV6: false);
        var to = new Endpoint(IPAddress.Parse("192.0.2.1"), 9);
        _ = socket.Connect(to);
        Assert.Equal(3, socket.Send([1, 2, 3], null).Value);
        site.Run();
        var host = site.Host.Sockets[^1];
        Assert.Equal([1, 2, 3], host.Stream);
        host.Give([4, 5]);
        var buffer = new byte[100];
        Assert.Equal(2, socket.Receive(buffer, peek: false, out var about).Value);
        Assert.Equal(to, about.Source);

        host.Tell(PollEvents.POLLERR, Errno.ECONNREFUSED);
        Assert.Equal(Errno.ECONNREFUSED, socket.Receive(buffer, peek: false, out _).Error);
        Assert.False(host.IsClosed);
        site.Pass(59 * World.Second);
        Assert.False(host.IsClosed);
        site.Pass(2 * World.Second);
        Assert.True(host.IsClosed);
        Assert.Equal(0, site.Gateway.HostSockets);
        Assert.Equal(long.MaxValue, site.Gateway.NextDeadline);
    }

    [Fact]
    public void A_flood_of_datagrams_takes_the_place_of_older_ones()
    {
        var site = new Site();
        var socket = site.Guest.CreateUdp(isV6: false);
        for (var i = 1; i <= 3000; i++)
        {
            _ = socket.Send([1], new Endpoint(IPAddress.Parse("192.0.2.1"), (ushort)i));
            site.Run();
        }

        Assert.Equal(1024, site.Host.OpenSockets);
    }

    [Fact]
    public void Echo_requests_keep_their_identifier()
    {
        var site = new Site();
        var socket = site.Guest.CreatePing(isV6: false);
        byte[] request = [8, 0, 0, 0, 0, 0, 0, 1, 42];
        _ = socket.Send(request, new Endpoint(IPAddress.Parse("192.0.2.1"), 0));
        site.Run();
        var host = site.Host.Sockets[^1];
        var reply = host.Stream;
        (reply[0], reply[4], reply[5]) = (0, 0x12, 0x34); // the host has a number of its own
        host.Give(reply);
        var buffer = new byte[100];
        Assert.Equal(9, socket.Receive(buffer, peek: false, out _).Value);
        Assert.Equal(socket.Local.Port, (buffer[4] << 8) | buffer[5]);
        Assert.Equal(42, buffer[8]);

        var own = site.Guest.CreatePing(isV6: true);
        byte[] toGateway = [128, 0, 0, 0, 0, 0, 0, 1];
        _ = own.Send(toGateway, new Endpoint(IPAddress.Parse("fd64:7261:676f::2"), 0));
        site.Run();
        Assert.Equal(8, own.Receive(buffer, peek: false, out _).Value); // the gateway itself
    }

    [Fact]
    public void Published_ports_lead_to_the_guest()
    {
        var site = new Site(allow: [], ports: host => [new(PublishedPort.Parse("8080:80")!, host.Add(HostSocketKind.Stream)), new(PublishedPort.Parse("5353:53/udp")!, host.Add(HostSocketKind.Datagram))]);
        var listener = Pair.Listen(site.Guest, 80);
        var (tcp, udp) = (site.Host.Sockets[0], site.Host.Sockets[1]);
        var caller = site.Host.Add(HostSocketKind.Stream);
        tcp.Callers.Enqueue(caller);
        tcp.Tell(PollEvents.POLLIN);
        site.Run();
        var served = listener.Accept().Value;
        Assert.Equal(IPAddress.Parse("10.0.2.2"), served.Remote!.Value.Address);
        caller.Tell(PollEvents.POLLOUT);
        caller.Give([1, 2, 3]);
        var buffer = new byte[100];
        Assert.Equal(3, served.Receive(buffer).Value);
        _ = served.Send([4]);
        site.Run();
        Assert.Equal([4], caller.Stream);

        var server = site.Guest.CreateUdp(isV6: false);
        _ = server.Bind(new Endpoint(IPAddress.AnyV4, 53));
        udp.Give([7, 7]);
        Assert.Equal(2, server.Receive(buffer, peek: false, out var about).Value);
        _ = server.Send([8], about.Source);
        site.Run();
        Assert.Equal([8], udp.Stream);
        Assert.Equal(7777, udp.Remote.Port);

        // Nobody serves: the caller sees a reset.
        listener.Close();
        caller = site.Host.Add(HostSocketKind.Stream);
        tcp.Callers.Enqueue(caller);
        tcp.Tell(PollEvents.POLLIN);
        site.Run();
        Assert.True(caller.IsAborted);
    }

    [Fact]
    public void Nothing_of_the_host_stays_when_the_stack_goes()
    {
        var site = new Site(ports: host => [new(PublishedPort.Parse("8080:80")!, host.Add(HostSocketKind.Stream))]);
        _ = site.Connect("192.0.2.1", 80);
        _ = site.Call("192.0.2.1", 81);
        var socket = site.Guest.CreateUdp(isV6: false);
        _ = socket.Send([1], new Endpoint(IPAddress.Parse("192.0.2.1"), 9));
        site.Run();
        Assert.Equal(4, site.Host.OpenSockets);
        site.Gateway.End();
        Assert.Equal((0, 0), (site.Host.OpenSockets, site.Gateway.HostSockets));
        Assert.False(site.Gateway.Run(site.Now));
    }

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }
}
