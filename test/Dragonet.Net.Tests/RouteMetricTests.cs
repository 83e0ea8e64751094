using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>What a route says of packets (ip-route(8)).</summary>
public sealed class RouteMetricTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_connection_begins_as_its_route_says(bool v6)
    {
        var world = World(v6, new RouteMetrics(Mtu: 1300, AdvertisedSegment: 700, InitialWindow: 20, HopLimit: 9));
        var (longest, hops, whole) = (0, new HashSet<int>(), true);
        world.Tap = (to, packet) =>
        {
            if (to == world.LinkB)
            {
                longest = Math.Max(longest, packet.Length);
                _ = hops.Add(packet[v6 ? 7 : 8]);
                whole &= v6 || (packet[6] & 0x40) != 0;
            }

            return true;
        };
        var pair = Pair.Connect(world, v6);
        var headers = v6 ? 60 : 40;
        Assert.Equal((20, 1300 - headers - 12, 1300), (pair.Client.GetInfo().CongestionWindow, pair.Client.GetInfo().SendSegment, pair.Client.GetInfo().PathMtu));
        Assert.Equal((10, 700 - 12), (pair.Server.GetInfo().CongestionWindow, pair.Server.GetInfo().SendSegment));
        Pair.Transfer(world, TcpTransferTests.Data(1, 100_000), (pair.Client, pair.Server), (pair.Server, pair.Client));
        Assert.Equal((1300, true), (longest, whole));
        Assert.Equal([9], hops);
        pair.Client.Settings.HopLimit = 77; // its own counts
        Pair.Transfer(world, TcpTransferTests.Data(2, 1000), (pair.Client, pair.Server));
        Assert.Equal([9, 77], hops);
        pair.Close();
    }

    [Fact]
    public void Where_the_size_is_locked_nothing_is_found_out()
    {
        var world = World(v6: false, new RouteMetrics(Mtu: 1400, LocksMtu: true));
        var free = true;
        world.Tap = (to, packet) => (free &= to != world.LinkB || (packet[6] & 0x40) == 0) || true;
        var pair = Pair.Connect(world);
        Pair.Transfer(world, TcpTransferTests.Data(1, 100_000), (pair.Client, pair.Server));
        Assert.Equal((true, 1400 - 52), (free, pair.Client.GetInfo().SendSegment));
        pair.Close();
    }

    /// <summary>A route may say nonsense.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Sizes_below_everything_carry_data_all_the_same(bool v6)
    {
        var world = World(v6, new RouteMetrics(Mtu: 1, AdvertisedSegment: 1, LocksMtu: true));
        var pair = Pair.Connect(world, v6);
        Pair.Transfer(world, TcpTransferTests.Data(1, 3000), (pair.Server, pair.Client), (pair.Client, pair.Server));
        pair.Close();
    }

    private static World World(bool v6, RouteMetrics metrics)
    {
        var world = new World();
        world.A.Routes.Add(new Route(new Prefix(Tests.World.EndpointB(1, v6).Address, v6 ? 128 : 32), world.LinkA) { Metrics = metrics });
        return world;
    }
}
