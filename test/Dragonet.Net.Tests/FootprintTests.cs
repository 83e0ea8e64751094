using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>V12: what an idle connection costs.</summary>
[Collection(MeasuresMemory.Alone)]
public sealed class FootprintTests
{
    [Fact]
    public void Ten_thousand_idle_connections_cost_at_most_8_KiB_each()
    {
        const int count = 10_000;
        var world = new World();
        var listener = Pair.Listen(world.B, 80);
        var sockets = new List<TcpSocket>(2 * count);
        var buffer = new byte[1000];
        var before = Used();
        for (var i = 0; i < count; i++)
        {
            var client = world.A.CreateTcp(isV6: false);
            _ = client.Connect(World.EndpointB(80));
            world.Until(() => listener.PendingCount == 1);
            Assert.True(listener.Accept().Ok(out var server));
            // Something was said, both ways, and read.
            _ = client.Send(buffer);
            world.Until(() => server.IncomingCount == buffer.Length);
            _ = server.Receive(buffer);
            _ = server.Send(buffer);
            world.Until(() => client.IncomingCount == buffer.Length);
            _ = client.Receive(buffer);
            sockets.Add(client);
            sockets.Add(server);
        }

        world.Pass(10 * World.Second);
        var each = (Used() - before) / (2 * count);
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes for one end of an idle connection");
        Assert.InRange(each, 1, 8192);
        Assert.Equal(2 * count, world.A.Census.Connections + world.B.Census.Connections);
        GC.KeepAlive(sockets);
    }

    private static long Used()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
