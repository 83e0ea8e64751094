using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>Machines on Ethernet: neighbours are found, routers pass on, hostile frames do no harm.</summary>
public sealed class EthernetTests
{
    private readonly List<(Stack Stack, EthernetInterface Link, int Segment)> _machines = [];
    private readonly Queue<(int Segment, EthernetInterface From, byte[] Frame)> _wire = new();
    private readonly Random _random = new(1);
    private long _now = World.Second;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Neighbours_are_found(bool v6)
    {
        var a = Add("10.0.0.1/24", "fd00::1/64");
        var b = Add("10.0.0.2/24", "fd00::2/64");
        var server = Pair.Listen(b.Stack, 80, v6);
        var client = a.Stack.CreateTcp(v6);
        _ = client.Connect(World.EndpointB(80, v6));
        Until(() => server.PendingCount == 1 && client.State == TcpState.Established);
        Assert.Equal([(World.EndpointB(0, v6).Address, b.Address)], a.Neighbours);
        Assert.Equal([(World.EndpointA(0, v6).Address, a.Address)], b.Neighbours);
        client.Close(hard: true);
        server.Close();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_neighbour_that_does_not_answer_is_unreachable(bool v6)
    {
        var a = Add("10.0.0.1/24", "fd00::1/64");
        var client = a.Stack.CreateTcp(v6);
        _ = client.Connect(World.EndpointB(80, v6));
        var start = _now;
        Until(() => client.State == TcpState.Closed);
        Assert.InRange(_now - start, 2 * World.Second, 4 * World.Second);
        Assert.Equal(Errno.EHOSTUNREACH, client.TakeError());
        client.Close();
        a.Flush();
        Until(() => a.Stack.Census == default);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_known_neighbour_that_has_gone_is_found_out_in_seconds(bool v6)
    {
        var a = Add("10.0.0.1/24", "fd00::1/64");
        var b = Add("10.0.0.2/24", "fd00::2/64");
        var server = Pair.Listen(b.Stack, 80, v6);
        var first = a.Stack.CreateTcp(v6);
        _ = first.Connect(World.EndpointB(80, v6));
        Until(() => first.State == TcpState.Established && server.PendingCount == 1);
        b.IsUp = false;
        var client = a.Stack.CreateTcp(v6);
        _ = client.Connect(World.EndpointB(80, v6));
        var start = _now;
        Until(() => client.State == TcpState.Closed);
        Assert.InRange(_now - start, 3 * World.Second, 5 * World.Second);
        Assert.Equal(Errno.EHOSTUNREACH, client.TakeError());

        // Who is there still, and did not hear the call, is asked once, and answers.
        b.IsUp = true;
        client = a.Stack.CreateTcp(v6);
        a.SetNeighbour(World.EndpointB(0, v6).Address, EthernetAddress.Derive("elsewhere"), isPermanent: false);
        _ = client.Connect(World.EndpointB(80, v6));
        start = _now;
        Until(() => client.State == TcpState.Established);
        Assert.InRange(_now - start, World.Second, World.Second + 100 * World.Millisecond);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_neighbour_that_moves_is_found_again(bool v6)
    {
        var a = Add("10.0.0.1/24", "fd00::1/64");
        var b = Add("10.0.0.2/24", "fd00::2/64");
        var udp = a.Stack.CreateUdp(v6);
        _ = udp.Send([1], World.EndpointB(9, v6));
        Until(() => a.Neighbours.Any());
        b.IsUp = false;
        var c = Add("10.0.0.2/24", "fd00::2/64");
        var server = c.Stack.CreateUdp(v6);
        Assert.Equal(Errno.OK, server.Bind(new Endpoint(v6 ? IPAddress.AnyV6 : IPAddress.AnyV4, 9)));
        _now += 60 * World.Second;
        for (var i = 0; i < 6; i++)
        {
            _ = udp.Send([2], World.EndpointB(9, v6));
            Pass(World.Second);
        }

        Assert.True((server.Poll() & PollEvents.POLLIN) != 0);
        Assert.Equal(c.Address, a.Neighbours.Single().Hardware);
    }

    [Fact]
    public void A_stranger_cannot_take_the_place_of_a_neighbour_that_answers()
    {
        var a = Add("10.0.0.1/24", "fd00::1/64");
        var b = Add("10.0.0.2/24", "fd00::2/64");
        var udp = a.Stack.CreateUdp(isV6: false);
        _ = udp.Send([1], World.EndpointB(9));
        Until(() => a.Neighbours.Any());
        var stranger = EthernetAddress.Derive("stranger");
        var frame = new byte[EthernetFrame.HeaderSize + ArpPacket.Size];
        EthernetFrame.Write(frame, EthernetAddress.Broadcast, stranger, EthernetFrame.TypeArp);
        ArpPacket.Write(frame.AsSpan(EthernetFrame.HeaderSize), ArpPacket.Reply, stranger, World.EndpointB(0).Address, a.Address, World.EndpointA(0).Address);
        for (var i = 0; i < 100; i++)
        {
            var asked = a.Counters.SentPackets;
            a.Receive(frame);
            a.Receive(frame);
            Assert.InRange(a.Counters.SentPackets - asked, 0, 1);
            Pass(100 * World.Millisecond);
            Assert.Equal(b.Address, a.Neighbours.Single().Hardware);
        }

        // Who has gone does not answer, and another one may have his address.
        b.IsUp = false;
        for (var i = 0; i < 3; i++)
        {
            a.Receive(frame);
            Pass(World.Second);
        }

        Assert.Equal(stranger, a.Neighbours.Single().Hardware);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_router_passes_on_and_tells_what_does_not_fit(bool v6)
    {
        var a = Add("10.0.0.1/24", "fd00::1/64");
        var near = Add("10.0.0.254/24", "fd00::fe/64", forwards: true);
        var far = Join(near.Stack, 1, "10.1.0.254/24", "fd01::fe/64", mtu: 1280);
        var b = Add("10.1.0.1/24", "fd01::1/64", segment: 1, mtu: 1500);
        Route(a, v6 ? "::/0" : "0.0.0.0/0", v6 ? "fd00::fe" : "10.0.0.254");
        Route(b, v6 ? "::/0" : "0.0.0.0/0", v6 ? "fd01::fe" : "10.1.0.254");
        var listener = Pair.Listen(b.Stack, 80, v6);
        var client = a.Stack.CreateTcp(v6);
        var to = new Endpoint(IPAddress.Parse(v6 ? "fd01::1" : "10.1.0.1"), 80);
        _ = client.Connect(to);
        Until(() => listener.PendingCount == 1 && client.State == TcpState.Established);
        Assert.True(listener.Accept().Ok(out var server));
        var data = new byte[200_000];
        _random.NextBytes(data);
        var (sent, received, buffer) = (0, 0, new byte[data.Length]);
        Until(() =>
        {
            sent += sent < data.Length && client.Send(data.AsSpan(sent)).Ok(out var count) ? count : 0;
            received += server.Receive(buffer.AsSpan(received)).Ok(out count) ? count : 0;
            return received == data.Length;
        });
        Assert.Equal(data, buffer);
        Assert.True(client.GetInfo().SendSegment < 1280);
        Assert.True(near.Stack.Counters.IPForwarded > 0);
        Assert.Equal(1280, far.Mtu);
        client.Close(hard: true);
        server.Close();
        listener.Close();
    }

    [Fact]
    public void Hostile_frames()
    {
        var a = Add("10.0.0.1/24", "fd00::1/64");
        var b = Add("10.0.0.2/24", "fd00::2/64");
        var frames = new List<byte[]>();
        Capture = frames.Add;
        foreach (var v6 in new[] { false, true })
        {
            var client = a.Stack.CreateTcp(v6);
            _ = client.Connect(World.EndpointB(80, v6));
            Pass(World.Second);
        }

        Capture = null;
        for (var i = 0; i < 100_000; i++)
        {
            var frame = frames[_random.Next(frames.Count)].ToArray();
            for (var changes = _random.Next(1, 6); changes > 0; changes--)
            {
                frame[_random.Next(frame.Length)] = (byte)_random.Next(256);
            }

            (i % 2 == 0 ? a : b).Receive(frame.AsSpan(0, _random.Next(4) == 0 ? _random.Next(frame.Length) : frame.Length));
            if (i % 1000 == 0)
            {
                Pass(World.Second);
            }
        }

        Assert.InRange(a.Neighbours.Count(), 0, 512);
        Pass(60 * World.Second);
        Assert.InRange(a.Stack.Census.Packets + b.Stack.Census.Packets, 0, 100);
    }

    private Action<byte[]>? Capture { get; set; }

    private static void Route(EthernetInterface link, string destination, string gateway) =>
        link.Stack.Routes.Add(new Route(Prefix.Parse(destination), link, IPAddress.Parse(gateway)));

    private EthernetInterface Add(string v4, string v6, bool forwards = false, int segment = 0, int mtu = 1500)
    {
        var stack = Stack.WithLoopback(new StackOptions { Random = () => (ulong)_random.NextInt64(long.MinValue, long.MaxValue), Forwards = forwards });
        stack.SetTime(_now);
        return Join(stack, segment, v4, v6, mtu);
    }

    private EthernetInterface Join(Stack stack, int segment, string v4, string v6, int mtu)
    {
        EthernetInterface? link = null;
        link = new EthernetInterface(stack, "eth0", new EthernetAddress(0x020000000000 + (ulong)_machines.Count + 1), frame =>
        {
            Capture?.Invoke(frame.ToArray());
            _wire.Enqueue((segment, link!, frame.ToArray()));
        }, mtu) { IsUp = true };
        _ = link.AddAddress(Prefix.Parse(v4));
        _ = link.AddAddress(Prefix.Parse(v6));
        _machines.Add((stack, link, segment));
        return link;
    }

    private void Until(Func<bool> condition)
    {
        for (var end = _now + 3600 * World.Second; !condition(); Step())
        {
            Assert.True(_now < end, "hangs");
        }
    }

    private void Pass(long time)
    {
        for (var end = _now + time; _now < end;)
        {
            Step();
        }
    }

    private void Step()
    {
        _now += 10 * World.Millisecond;
        foreach (var (stack, _, _) in _machines)
        {
            stack.SetTime(_now);
            stack.Run();
        }

        for (var count = _wire.Count; count > 0; count--)
        {
            var (segment, from, frame) = _wire.Dequeue();
            foreach (var (stack, link, where) in _machines)
            {
                if (where == segment && link != from)
                {
                    link.Receive(frame);
                    stack.Run();
                }
            }
        }
    }
}
