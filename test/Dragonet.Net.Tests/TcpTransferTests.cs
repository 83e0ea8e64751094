using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>Bytes arrive as they were sent, whatever the link does.</summary>
public sealed class TcpTransferTests
{
    [Theory]
    [InlineData(false, 1500)]
    [InlineData(true, 1500)]
    [InlineData(false, 576)]
    [InlineData(true, 1280)]
    [InlineData(false, 65000)]
    public void A_clean_link(bool v6, int mtu)
    {
        var pair = Pair.Connect(new World(mtu: mtu), v6);
        Pair.Transfer(pair.World, Data(1, 3_000_000), (pair.Client, pair.Server));
        Assert.Equal(0, pair.World.A.Counters.TcpRetransmitted);
        Pair.Transfer(pair.World, Data(2, 1_000_000), (pair.Client, pair.Server), (pair.Server, pair.Client));
        pair.Close();
    }

    [Theory]
    [MemberData(nameof(BadLinks))]
    public void A_bad_link(int seed, double loss, double duplication, double corruption, double reordering, int jitter)
    {
        var world = new World(seed, new Impairments(loss, duplication, corruption, reordering, 10 * World.Millisecond, jitter * World.Millisecond));
        var pair = Pair.Connect(world, v6: seed % 2 == 0);
        Pair.Transfer(world, Data(seed, 400_000), (pair.Client, pair.Server), (pair.Server, pair.Client));
        pair.Close();
    }

    [Theory]
    [InlineData(CongestionKind.Cubic)]
    [InlineData(CongestionKind.Reno)]
    public void Loss_is_repaired_without_waiting_for_the_timer(CongestionKind kind)
    {
        var world = new World(7, new Impairments(Loss: 0.005, Delay: 20 * World.Millisecond));
        var pair = Pair.Connect(world);
        pair.Client.Settings.Congestion = kind;
        var start = world.Now;
        Pair.Transfer(world, Data(3, 4_000_000), (pair.Client, pair.Server));
        Assert.True(world.A.Counters.TcpFastRetransmits > 0);
        Assert.True(world.A.Counters.TcpTimeouts <= world.A.Counters.TcpRetransmitted / 5, $"{world.A.Counters.TcpTimeouts} timeouts");
        Assert.InRange(world.Now - start, 0, 60 * World.Second);
        pair.Close();
    }

    [Fact]
    public void Reordering_alone_does_not_resend_much()
    {
        var world = new World(8, new Impairments(Delay: 20 * World.Millisecond, Jitter: 4 * World.Millisecond));
        var pair = Pair.Connect(world);
        Pair.Transfer(world, Data(4, 3_000_000), (pair.Client, pair.Server));
        Assert.InRange(world.A.Counters.TcpRetransmitted, 0, 100);
        pair.Close();
    }

    [Fact]
    public void Over_loopback()
    {
        var world = new World();
        var listener = Pair.Listen(world.A, 80);
        var client = world.A.CreateTcp(isV6: false);
        Assert.Equal(Errno.EINPROGRESS, client.Connect(new Endpoint(IPAddress.LoopbackV4, 80)));
        world.A.Run();
        Assert.Equal(TcpState.Established, client.State);
        Assert.True(listener.Accept().Ok(out var server));
        var start = world.Now;
        Pair.Transfer(world, Data(5, 5_000_000), (client, server), (server, client));
        Assert.InRange(world.Now - start, 0, World.Second);
        new Pair(world, client, server, listener).Close();
    }

    [Fact]
    public void A_slow_reader_closes_the_window_and_opens_it_again()
    {
        // Also when the updates of the window get lost: the probes find out.
        var world = new World();
        var pair = Pair.Connect(world);
        var data = Data(6, 1_000_000);
        var sent = 0;
        while (pair.Client.Send(data.AsSpan(sent)).Ok(out var count))
        {
            sent += count;
        }

        world.Pass(60 * World.Second);
        Assert.Equal(pair.Server.Settings.ReceiveBuffer, pair.Server.IncomingCount, tolerance: 1);
        world.Tap = (to, _) => to != world.LinkA;
        var received = new byte[data.Length];
        Assert.True(pair.Server.Receive(received).Ok(out var first));
        world.Pass(5 * World.Second);
        world.Tap = null;
        var total = first;
        world.Until(() =>
        {
            while (sent < data.Length && pair.Client.Send(data.AsSpan(sent)).Ok(out var count))
            {
                sent += count;
            }

            while (total < data.Length && pair.Server.Receive(received.AsSpan(total)).Ok(out var count))
            {
                total += count;
            }

            return total == data.Length;
        });
        Assert.Equal(data, received);
        pair.Close();
    }

    public static TheoryData<int, double, double, double, double, int> BadLinks()
    {
        var links = new TheoryData<int, double, double, double, double, int>();
        for (var seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            links.Add(seed, random.NextDouble() * 0.15, random.NextDouble() * 0.1, random.NextDouble() * 0.05, random.NextDouble() * 0.2, random.Next(30));
        }

        return links;
    }

    internal static byte[] Data(int seed, int length)
    {
        var data = new byte[length];
        new Random(seed).NextBytes(data);
        return data;
    }
}
