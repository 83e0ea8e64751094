using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests.Links;

/// <summary>V4, V7 and V8: wires between stacks, whose ends move and go.</summary>
public sealed class EpairTests
{
    private readonly Site _site = new();

    [Theory]
    [InlineData(1500)]
    [InlineData(9000)]
    [InlineData(Epair.MaxMtu)]
    public void V8_bytes_arrive_both_ways_whatever_the_mtu(int mtu)
    {
        var (a, b) = (_site.NewStack(), _site.NewStack());
        _ = _site.Join(a, b, "10.0.0.1/24", "10.0.0.2/24", mtu);
        var listener = Pair.Listen(b, 80);
        var client = a.CreateTcp(isV6: false);
        _ = client.Connect(World.EndpointB(80));
        _site.Until(() => listener.PendingCount == 1 && client.State == TcpState.Established);
        Assert.True(listener.Accept().Ok(out var server));
        var data = new byte[3_000_000];
        new Random(1).NextBytes(data);
        var buffer = new byte[100_000];
        foreach (var (from, to) in new[] { (client, server), (server, client) })
        {
            var (sent, received) = (0, 0);
            while (received < data.Length)
            {
                sent += from.Send(data.AsSpan(sent)).Ok(out var count) ? count : 0;
                _site.Run();
                while (to.Receive(buffer).Ok(out count))
                {
                    Assert.True(data.AsSpan(received, count).SequenceEqual(buffer.AsSpan(0, count)));
                    received += count;
                }

                _site.Pass(World.Millisecond);
            }
        }
    }

    [Fact]
    public void V8_addresses_are_the_same_each_time_and_differ_between_names()
    {
        var all = Enumerable.Range(0, 10_000).Select(i => EthernetAddress.Derive($"kernel\0jail{i}\0eth0")).ToList();
        Assert.Equal(10_000, all.Distinct().Count());
        Assert.All(all, address => Assert.True(!address.IsMulticast && (address.Value >> 41 & 1) == 1));
        Assert.Equal("9a:2a:93", EthernetAddress.Derive("fixed").ToString()[..8]);
    }

    [Fact]
    public void V4_an_interface_moves_a_thousand_times_and_works_again()
    {
        var (a, b, c) = (_site.NewStack(), _site.NewStack(), _site.NewStack());
        var pair = _site.Join(a, b, "10.0.0.1/24", "10.0.0.2/24");
        for (var i = 0; i < 1000; i++)
        {
            var (from, to) = i % 2 == 0 ? (b, c) : (c, b);
            Assert.Equal(Errno.EBUSY, to.Attach(pair.B));
            Assert.Equal(Errno.OK, from.Detach(pair.B));
            Assert.Equal(Errno.OK, to.Attach(pair.B));
            Assert.Empty(pair.B.Addresses);
            Assert.False(pair.B.IsUp);
            Assert.DoesNotContain(from.Routes.All, route => route.Interface == pair.B);
            Site.Open(pair.B, "10.0.0.2/24");
        }

        Assert.True(_site.Reaches(a, b, "10.0.0.2"));
        var other = new Epair(pair.B.Name, default, "x", default);
        Assert.Equal(Errno.EEXIST, b.Attach(other.A));
        Assert.Equal(Errno.EINVAL, b.Detach(b.Loopback));
        Assert.Equal(Errno.ENODEV, b.Detach(other.A));
    }

    [Fact]
    public void V4_a_connection_does_not_follow_its_interface()
    {
        var (a, b, c) = (_site.NewStack(), _site.NewStack(), _site.NewStack());
        var pair = _site.Join(a, b, "10.0.0.1/24", "10.0.0.2/24");
        var listener = Pair.Listen(b, 80);
        var client = a.CreateTcp(isV6: false);
        _ = client.Connect(World.EndpointB(80));
        _site.Until(() => client.State == TcpState.Established);
        _ = a.Detach(pair.A);
        _ = c.Attach(pair.A);
        Site.Open(pair.A, "10.0.0.1/24");
        var before = pair.A.Counters.SentPackets;
        _ = client.Send([1, 2, 3]);
        _site.Run();
        Assert.Equal(before, pair.A.Counters.SentPackets);
        client.Close(hard: true);
        listener.Close();
    }

    /// <summary>V7: links, addresses, groups, rules and whole stacks come, move and go while everybody talks. DRAGONET_LONG=1: 100,000 orders.</summary>
    [Fact]
    public void V7_no_order_of_events_harms_links()
    {
        var orders = Environment.GetEnvironmentVariable("DRAGONET_LONG") == "1" ? 100_000 : 1_000;
        for (var seed = 0; seed < orders; seed++)
        {
            Play(seed);
        }
    }

    private static void Play(int seed)
    {
        var site = new Site(seed);
        var random = new Random(seed);
        var stacks = Enumerable.Range(0, 4).Select(_ => site.NewStack()).ToList();
        var bridge = new Bridge(stacks[0], "br0", EthernetAddress.Derive("br0")) { HasSpanningTree = random.Next(4) == 0 };
        Site.Open(bridge.Interface, "10.0.0.9/24");
        var pairs = new List<Epair>();
        var sockets = new List<TcpSocket>();
        var owners = new Dictionary<TcpSocket, Stack>();
        var datagrams = stacks.Select(stack => stack.CreateUdp(isV6: false)).ToList();
        var listeners = stacks.Select(stack => Pair.Listen(stack, 80)).ToList();
        var gone = new List<Stack>();
        var buffer = new byte[70_000];
        for (var step = random.Next(10, 80); step > 0; step--)
        {
            var pair = pairs.Count > 0 ? pairs[random.Next(pairs.Count)] : null;
            var end = pair is null ? null : random.Next(2) == 0 ? pair.A : pair.B;
            var to = new Endpoint(IPAddress.Parse("10.0.0." + random.Next(1, 10)), 80);
            switch (random.Next(15))
            {
                case 0 or 1 when pairs.Count < 6:
                    pairs.Add(site.Join(stacks[random.Next(4)], stacks[random.Next(4)], $"10.0.0.{random.Next(1, 9)}/24", $"10.0.0.{random.Next(1, 9)}/24"));
                    break;
                case 2 when end is { IsAttached: true }:
                    _ = end.Stack.Detach(end);
                    break;
                case 3 when end is { IsAttached: false }:
                    _ = stacks[random.Next(4)].Attach(end);
                    Site.Open(end, $"10.0.0.{random.Next(1, 9)}/24");
                    break;
                case 4 when end is not null && end.IsAttached && end.Stack == stacks[0] && end.Port is null:
                    _ = bridge.Add(end);
                    break;
                case 5 when end?.Port is not null:
                    _ = bridge.Remove(end);
                    break;
                case 6 when end is not null:
                    end.IsUp = end.IsAttached && random.Next(3) > 0;
                    break;
                case 7 when end is { IsAttached: true }:
                    end.Impairment = random.Next(2) == 0 ? null : new LinkImpairment { Seed = (ulong)seed, Delay = 10 * World.Millisecond, Loss = 0.1, Corruption = 0.1, Duplication = 0.1, Reordering = 0.1 };
                    break;
                case 8:
                    var caller = stacks[random.Next(4)];
                    var socket = caller.CreateTcp(isV6: false);
                    _ = socket.Connect(to);
                    sockets.Add(socket);
                    owners.Add(socket, caller);
                    break;
                case 9 when sockets.Count > 0:
                    _ = sockets[random.Next(sockets.Count)].Send(buffer.AsSpan(0, random.Next(buffer.Length)));
                    break;
                case 10:
                    _ = datagrams[random.Next(4)].Send(buffer.AsSpan(0, random.Next(9000)), to);
                    break;
                case 11 when end is { IsAttached: true }:
                    _ = datagrams[stacks.IndexOf(end.Stack)].Groups.Join(IPAddress.Parse("239.0.0." + random.Next(1, 4)), end.Index, IPAddress.AnyV4, GroupFilter.Everybody);
                    break;
                case 12:
                    var words = random.Next(3) switch { 0 => "postrouting masquerade", 1 => "prerouting tcp dport 80 redirect", _ => "input ct state invalid drop" };
                    _ = stacks[random.Next(4)].UseFirewall().Add(FilterParser.Parse(words.Split(' '), out _)!);
                    break;
                case 13 when random.Next(3) == 0:
                    // A whole jail goes, and another one comes.
                    var number = random.Next(1, 4);
                    var old = stacks[number];
                    foreach (var link in pairs.SelectMany(each => new[] { each.A, each.B }).Where(each => each.IsAttached && each.Stack == old))
                    {
                        _ = old.Detach(link);
                    }

                    sockets.Where(each => owners[each] == old).ToList().ForEach(each => each.Close(hard: random.Next(2) == 0));
                    _ = sockets.RemoveAll(each => owners[each] == old);
                    listeners[number].Close();
                    datagrams[number].Close();
                    gone.Add(old);
                    stacks[number] = site.NewStack();
                    (listeners[number], datagrams[number]) = (Pair.Listen(stacks[number], 80), stacks[number].CreateUdp(isV6: false));
                    break;
                default:
                    // A ring of bridges without a spanning tree runs for ever; here there is one bridge, and a wire from it to itself.
                    var loops = pairs.Exists(each => each.A.Port is not null && each.B.Port is not null);
                    if (!loops)
                    {
                        site.Pass((long)(random.NextDouble() * random.NextDouble() * 5 * World.Second));
                    }

                    break;
            }
        }

        foreach (var end in pairs.SelectMany(pair => new[] { pair.A, pair.B }).Where(end => end.IsAttached))
        {
            _ = end.Stack.Detach(end);
        }

        bridge.Delete();
        sockets.ForEach(socket => socket.Close(hard: true));
        listeners.ForEach(listener => listener.Close());
        datagrams.ForEach(socket => socket.Close());
        site.Pass(400 * World.Second);
        Assert.All(stacks.Concat(gone), stack => Assert.Equal(default, stack.Census));
        Assert.All(pairs, pair => Assert.Equal(0, pair.Waiting));
    }
}
