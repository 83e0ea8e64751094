using Dragonet.Abi;
using Dragonet.UserNet;
using Xunit;

namespace Dragonet.Net.Tests.UserNet;

/// <summary>Stacks come and go with everything open, and leave nothing: sockets of the host, packets, timers, memory.</summary>
[Collection(MeasuresMemory.Alone)]
public sealed class StackTeardownTests
{
    /// <summary>V6: connections in each of the states of TCP, calls that wait, datagrams, questions, published ports. DRAGONET_LONG=1: 10,000 times.</summary>
    [Fact]
    public void A_stack_that_ends_with_everything_open_leaves_nothing()
    {
        var cycles = Environment.GetEnvironmentVariable("DRAGONET_LONG") == "1" ? 10_000 : 100;
        var memory = new List<long>();
        for (var cycle = 0; cycle < cycles; cycle++)
        {
            var site = Fill();
            Assert.InRange(site.Host.OpenSockets, 8, 100);
            site.Gateway.End();
            Assert.Equal((0, 0), (site.Host.OpenSockets, site.Gateway.HostSockets));
            Assert.False(site.Gateway.Run(site.Now + 1000 * World.Second)); // whatever the time
            if (cycle % (cycles / 10) == 0)
            {
                memory.Add(GC.GetTotalMemory(forceFullCollection: true));
            }
        }

        Assert.InRange(memory[^1] - memory[memory.Count / 2], long.MinValue, 2 << 20);
    }

    /// <summary>V7: sending, receiving, resets, time and the end of a stack in any order, from a seed. DRAGONET_LONG=1: 100,000 orders.</summary>
    [Fact]
    public void No_order_of_events_harms_a_gateway()
    {
        var orders = Environment.GetEnvironmentVariable("DRAGONET_LONG") == "1" ? 100_000 : 1_000;
        for (var seed = 0; seed < orders; seed++)
        {
            Play(new Random(seed), seed);
        }
    }

    private static void Play(Random random, int seed)
    {
        var site = new Site(random.Next(4) == 0 ? ["192.0.2.1"] : null, [new Endpoint(IPAddress.Parse("192.0.2.53"), 53)]);
        var sockets = new List<TcpSocket>();
        var udp = site.Guest.CreateUdp(isV6: false);
        var buffer = new byte[70_000];
        var end = random.Next(5, 60);
        for (var step = 0; step < end; step++)
        {
            var guest = sockets.Count > 0 ? sockets[random.Next(sockets.Count)] : null;
            var host = site.Host.Sockets.Count > 0 ? site.Host.Sockets[random.Next(site.Host.Sockets.Count)] : null;
            switch (random.Next(14))
            {
                case 0:
                    var socket = site.Guest.CreateTcp(isV6: false);
                    _ = socket.Connect(new Endpoint(IPAddress.Parse("192.0.2." + random.Next(1, 3)), (ushort)random.Next(1, 4)));
                    sockets.Add(socket);
                    break;
                case 1:
                    host?.Tell(PollEvents.POLLOUT);
                    break;
                case 2:
                    host?.Tell(PollEvents.POLLERR | PollEvents.POLLHUP, (Errno)random.Next(1, 120));
                    break;
                case 3:
                    host?.Give(new byte[random.Next(1, 100_000)]);
                    break;
                case 4 when host is { Kind: Platform.HostSocketKind.Stream }:
                    host.End();
                    break;
                case 5:
                    _ = guest?.Send(buffer.AsSpan(0, random.Next(buffer.Length)));
                    break;
                case 6:
                    _ = guest?.Receive(buffer.AsSpan(0, random.Next(buffer.Length)));
                    break;
                case 7:
                    _ = guest?.Shutdown(read: random.Next(2) == 0, write: true);
                    break;
                case 8:
                    guest?.Close(hard: random.Next(2) == 0);
                    break;
                case 9:
                    site.Pass((long)(random.NextDouble() * random.NextDouble() * 100 * World.Second));
                    break;
                case 10:
                    _ = udp.Send(buffer.AsSpan(0, random.Next(2000)), new Endpoint(IPAddress.Parse("192.0.2.1"), (ushort)random.Next(1, 4)));
                    break;
                case 11:
                    _ = udp.Send(buffer.AsSpan(0, random.Next(100)), new Endpoint(IPAddress.Parse("10.0.2.3"), 53));
                    break;
                case 12:
                    _ = host is not null ? host.Room = random.Next(2) == 0 ? 0 : random.Next(100_000) : 0;
                    break;
                default:
                    site.Run();
                    break;
            }
        }

        site.Run();
        if (seed % 2 == 0)
        {
            site.Gateway.End();
            foreach (var host in site.Host.Sockets)
            {
                host.Tell(PollEvents.POLLIN | PollEvents.POLLOUT); // what was under way when it ended
            }
        }
        else
        {
            sockets.ForEach(socket => socket.Close(hard: true));
            foreach (var host in site.Host.Sockets)
            {
                host.Tell(PollEvents.POLLERR | PollEvents.POLLHUP, Errno.ECONNRESET);
            }

            site.Pass(400 * World.Second);
        }

        Assert.True(site.Host.OpenSockets == 0 && site.Gateway.HostSockets == 0, $"seed {seed}: {site.Host.OpenSockets} sockets of the host are open");
    }

    private static Site Fill()
    {
        var site = new Site(null, [new Endpoint(IPAddress.Parse("192.0.2.53"), 53)],
            host => [new(PublishedPort.Parse("8080:80")!, host.Add(Platform.HostSocketKind.Stream)), new(PublishedPort.Parse("5353:53/udp")!, host.Add(Platform.HostSocketKind.Datagram))]);
        _ = site.Call("192.0.2.1", 80); // SYN-SENT
        _ = site.Connect("192.0.2.1", 81);
        var (guest, _) = site.Connect("192.0.2.1", 82);
        _ = guest.Shutdown(read: false, write: true); // FIN-WAIT-2
        site.Run();
        (_, var host) = site.Connect("192.0.2.1", 83);
        host.End(); // CLOSE-WAIT
        (guest, host) = site.Connect("192.0.2.1", 84);
        host.Room = 0;
        _ = guest.Send(new byte[200_000]); // unsent on both sides
        (_, host) = site.Connect("192.0.2.1", 85);
        host.Give([.. Enumerable.Range(0, 50).Select(_ => new byte[20_000])]);
        (guest, host) = site.Connect("192.0.2.1", 86);
        host.End();
        guest.Close(); // LAST-ACK, TIME-WAIT
        _ = site.Guest.CreateUdp(isV6: false).Send([1], new Endpoint(IPAddress.Parse("192.0.2.1"), 9));
        _ = site.Guest.CreateUdp(isV6: false).Send([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, (byte)'a', 0, 0, 1, 0, 1], new Endpoint(IPAddress.Parse("10.0.2.3"), 53));
        _ = site.Guest.CreatePing(isV6: false).Send([8, 0, 0, 0, 0, 0, 0, 1], new Endpoint(IPAddress.Parse("192.0.2.1"), 0));
        _ = Pair.Listen(site.Guest, 80);
        var caller = site.Host.Add(Platform.HostSocketKind.Stream);
        site.Host.Sockets[0].Callers.Enqueue(caller);
        site.Host.Sockets[0].Tell(PollEvents.POLLIN);
        site.Run();
        return site;
    }
}
