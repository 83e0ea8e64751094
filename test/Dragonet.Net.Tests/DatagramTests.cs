using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>UDP, echo, fragments and errors.</summary>
public sealed class DatagramTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void There_and_back(bool v6)
    {
        var world = new World();
        var (client, server) = (world.A.CreateUdp(v6), world.B.CreateUdp(v6));
        Assert.Equal(Errno.OK, server.Bind(new Endpoint(v6 ? IPAddress.AnyV6 : IPAddress.AnyV4, 53)));
        var buffer = new byte[70000];
        foreach (var size in new[] { 0, 1, 1400, 1473, 9000, v6 ? 65527 - 8 : 65507 })
        {
            var data = new byte[size];
            new Random(size).NextBytes(data);
            Assert.Equal(size, client.Send(data, World.EndpointB(53, v6)).Value);
            world.Until(() => (server.Poll() & PollEvents.POLLIN) != 0);
            var received = server.Receive(buffer, peek: false, out var about);
            Assert.True(data.AsSpan().SequenceEqual(buffer.AsSpan(0, received.Value)));
            Assert.Equal(World.EndpointA(client.Local.Port, v6), about.Source);
            Assert.Equal(2, server.Send([1, 2], about.Source).Value);
            world.Until(() => (client.Poll() & PollEvents.POLLIN) != 0);
            Assert.Equal(2, client.Receive(buffer, peek: true, out _).Value);
            Assert.Equal(1, client.Receive(buffer.AsSpan(0, 1), peek: false, out about).Value);
            Assert.Equal(2, about.Length);
        }

        Assert.Equal(Errno.EMSGSIZE, client.Send(new byte[65536], World.EndpointB(53, v6)).Error);
        client.Close();
        server.Close();
        Pair.AssertEmpty(world);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nobody_there_is_told_to_connected_sockets(bool v6)
    {
        var world = new World();
        var client = world.A.CreateUdp(v6);
        Assert.Equal(Errno.OK, client.Connect(World.EndpointB(9, v6)));
        Assert.Equal(1, client.Send([1], null).Value);
        world.Until(() => (client.Poll() & PollEvents.POLLERR) != 0);
        Assert.Equal(Errno.ECONNREFUSED, client.Receive(new byte[1], peek: false, out _).Error);
        Assert.Equal(Errno.EAGAIN, client.Receive(new byte[1], peek: false, out _).Error);
        client.Close();
        Pair.AssertEmpty(world);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fragments_in_any_order_and_twice(bool v6)
    {
        var world = new World(3, new Impairments(Duplication: 0, Reordering: 0.3, Jitter: 20 * World.Millisecond));
        var (client, server) = (world.A.CreateUdp(v6), world.B.CreateUdp(v6));
        Assert.Equal(Errno.OK, server.Bind(new Endpoint(v6 ? IPAddress.AnyV6 : IPAddress.AnyV4, 53)));
        var buffer = new byte[30000];
        for (var i = 0; i < 50; i++)
        {
            var data = new byte[20000 + i];
            new Random(i).NextBytes(data);
            _ = client.Send(data, World.EndpointB(53, v6));
            world.Until(() => (server.Poll() & PollEvents.POLLIN) != 0);
            Assert.Equal(data.Length, server.Receive(buffer, peek: false, out _).Value);
            Assert.True(data.AsSpan().SequenceEqual(buffer.AsSpan(0, data.Length)));
        }

        client.Close();
        server.Close();
        Pair.AssertEmpty(world);
    }

    /// <summary>A call of another thread may have begun before.</summary>
    [Fact]
    public void A_socket_that_was_closed_takes_nothing()
    {
        var stack = Stack.WithLoopback(new StackOptions { Random = () => 7 });
        var (udp, ping, tcp, packet) = (stack.CreateUdp(isV6: false), stack.CreatePing(isV6: false), stack.CreateTcp(isV6: false), stack.CreatePacket(isRaw: true, PacketSocket.AllProtocols));
        udp.Close();
        ping.Close();
        tcp.Close();
        packet.Close();
        var here = new Endpoint(IPAddress.LoopbackV4, 80);
        Assert.Equal(Errno.EBADF, udp.Bind(here));
        Assert.Equal(Errno.EBADF, udp.Send([1], here).Error);
        Assert.Equal(Errno.EBADF, udp.Groups.Join(IPAddress.Parse("239.0.0.1"), 1, IPAddress.AnyV4, GroupFilter.Everybody));
        Assert.Equal(Errno.EBADF, ping.Bind(here));
        Assert.Equal(Errno.EBADF, tcp.Bind(here));
        Assert.Equal(Errno.EBADF, tcp.Listen(1));
        Assert.Equal(Errno.EBADF, tcp.Connect(here));
        Assert.Equal(Errno.EBADF, packet.SetPromiscuous(1, true));
        Assert.Equal(Errno.EBADF, packet.Join(1, 0, 0));
        Assert.Equal(default, stack.Census);
    }

    [Fact]
    public void Fragments_without_their_others_are_forgotten()
    {
        var world = new World();
        var count = 0;
        world.Tap = (_, _) => ++count % 3 != 0;
        var client = world.A.CreateUdp(isV6: false);
        for (var i = 0; i < 100; i++)
        {
            _ = client.Send(new byte[5000], World.EndpointB(53));
        }

        world.Pass(World.Second);
        Assert.InRange(world.B.Census.Fragments, 1, 16);
        client.Close();
        Pair.AssertEmpty(world);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Echo(bool v6)
    {
        var world = new World();
        var ping = world.A.CreatePing(v6);
        byte[] request = [v6 ? (byte)128 : (byte)8, 0, 0, 0, 0, 0, 0, 7, .. "payload"u8];
        Assert.Equal(request.Length, ping.Send(request, World.EndpointB(0, v6)).Value);
        world.Until(() => (ping.Poll() & PollEvents.POLLIN) != 0);
        var reply = new byte[100];
        Assert.Equal(request.Length, ping.Receive(reply, peek: false, out var about).Value);
        Assert.Equal(v6 ? 129 : 0, reply[0]);
        Assert.Equal(request[6..], reply[6..request.Length]);
        Assert.Equal(World.EndpointB(0, v6).Address, about.Source.Address);
        ping.Close();
        Pair.AssertEmpty(world);
    }

    [Fact]
    public void Rules_of_bind()
    {
        var stack = new World().A;
        var first = stack.CreateUdp(isV6: false);
        Assert.Equal(Errno.OK, first.Bind(new Endpoint(IPAddress.LoopbackV4, 1000)));
        Assert.Equal(Errno.EINVAL, first.Bind(new Endpoint(IPAddress.LoopbackV4, 1001)));
        Assert.Equal(Errno.EADDRINUSE, stack.CreateUdp(isV6: false).Bind(new Endpoint(IPAddress.LoopbackV4, 1000)));
        Assert.Equal(Errno.EADDRINUSE, stack.CreateUdp(isV6: false).Bind(new Endpoint(IPAddress.AnyV4, 1000)));
        Assert.Equal(Errno.EADDRINUSE, stack.CreateUdp(isV6: true).Bind(new Endpoint(IPAddress.AnyV6, 1000)));
        var only = stack.CreateUdp(isV6: true);
        only.IsV6Only = true;
        Assert.Equal(Errno.OK, only.Bind(new Endpoint(IPAddress.AnyV6, 1000)));
        Assert.Equal(Errno.OK, stack.CreateUdp(isV6: false).Bind(World.EndpointA(1000)));
        Assert.Equal(Errno.EADDRNOTAVAIL, stack.CreateUdp(isV6: false).Bind(World.EndpointB(1000)));
    }
}
