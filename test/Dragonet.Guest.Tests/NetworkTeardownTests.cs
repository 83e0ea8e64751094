using System.Diagnostics;
using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>
/// V6: jails that are killed with connections in the states of TCP, armed timers, a neighbour that does not answer, half of a packet, raw
/// and packet sockets, groups, rules, a network of their own and a link that delays frames (test/guest/netstates.c), and leave nothing. Ten times; with DRAGONET_LONG=1
/// ten thousand times (or as often as it says), and then memory and time are looked at as well.
/// </summary>
[Collection(typeof(AloneCollection))]
public sealed class NetworkTeardownTests
{
    [Fact]
    public async Task V6_a_jail_that_is_killed_with_everything_open_leaves_nothing()
    {
        var longer = int.TryParse(Environment.GetEnvironmentVariable("DRAGONET_LONG"), out var asked) ? asked : 0;
        var rounds = longer > 1 ? longer : longer == 1 ? 10_000 : 10;
        var program = GuestPrograms.Build("netstates");
        using var kernel = DragonetKernel.Boot(new KernelOptions { Volumes = [new Volume(Path.GetDirectoryName(program)!, "/guest", ReadOnly: true)] });
        var before = Network(kernel.TakeCensus());
        var removals = new List<double>(rounds); // all at once: this is no leak either
        var memory = rounds > 100 ? new MemoryTrend(rounds) : null;
        for (var round = 1; round <= rounds; round++)
        {
            var jail = kernel.Jails.Create([new("name", "net"), new("persist", null), new("net", "lan0"), new("allow.raw_sockets", null), new("overlay", null)]);
            kernel.Networks.Impair("eth0", "delay=50ms loss=1% seed=7", "net");
            kernel.Networks.CreatePair("x");
            kernel.Networks.Move("xb", "net");
            foreach (var rule in new[] { "input ct state established,related,new accept", "output udp dport 9 accept", "postrouting oif xb masquerade", "prerouting iif xb tcp dport 81 redirect to :80" })
            {
                _ = kernel.Networks.AddRule(rule, "net");
            }

            using var process = jail.Start(new ProgramOptions { Arguments = ["/guest/netstates", "10.88.0.2"], Output = GuestStream.Pipe });
            using var output = new StreamReader(process.StandardOutput);
            Assert.Equal("up", output.ReadLine());
            if (round == 1)
            {
                var states = kernel.Networks.ListSockets("net").Select(socket => socket.State).ToHashSet();
                Assert.Superset(new HashSet<string> { "LISTEN", "ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT", "UNCONN" }, states);
            }

            var begin = Stopwatch.GetTimestamp();
            await jail.RemoveAsync(TestContext.Current.CancellationToken);
            removals.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
            Assert.All(Network(jail.TakeCensus()), pair => Assert.True(pair.Value == "0", $"round {round}: {pair}"));
            Assert.Equal(["lo", "xa", "xb"], kernel.Networks.ListInterfaces().Select(link => link.Name));
            kernel.Networks.Remove("xa");
            Assert.Equal(before, Network(kernel.TakeCensus()));
            memory?.Next(round);
        }

        if (rounds > 100)
        {
            removals.Sort();
            TestContext.Current.TestOutputHelper?.WriteLine($"removal: median {removals[rounds / 2]:F2} ms, p99 {removals[rounds * 99 / 100]:F2} ms, most {removals[^1]:F2} ms");
            memory!.AssertFlat();
            Assert.InRange(removals[rounds * 99 / 100], 0, 10);
        }
    }

    private static List<KeyValuePair<string, string>> Network(IReadOnlyDictionary<string, string> census) => [.. census.Where(pair => pair.Key.StartsWith("net.", StringComparison.Ordinal) && pair.Key != "net.timers" || pair.Key == "processes")];
}
