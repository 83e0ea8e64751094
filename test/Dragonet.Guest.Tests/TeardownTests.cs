using System.Diagnostics;
using System.Globalization;
using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>
/// Jails that are made, filled with a tree of programs that holds one of everything (test/guest/tree.c), and removed under it. Twenty times;
/// with DRAGONET_LONG=1 ten thousand times (or as often as it says), and then memory and time are looked at as well.
/// </summary>
public sealed class TeardownTests
{
    // Names that the kernel's own looks at itself make come and go.
    private static readonly string[] s_passing = ["timers", "buffered.bytes"];

    [Fact]
    public async Task J8_a_removed_jail_leaves_nothing_however_often()
    {
        var longer = int.TryParse(Environment.GetEnvironmentVariable("DRAGONET_LONG"), out var asked) ? asked : 0;
        var isLong = longer > 0;
        var tree = GuestPrograms.Build("tree");
        using var kernel = DragonetKernel.Boot(new KernelOptions { Volumes = [new Volume(Path.GetDirectoryName(tree)!, "/guest", ReadOnly: true)] });
        var before = Lasting(kernel);
        var removals = new List<double>();
        var samples = new List<(int Round, long Managed, long Resident, int Descriptors, int Threads)>();
        var rounds = longer > 1 ? longer : isLong ? 10_000 : 20;
        for (var round = 1; round <= rounds; round++)
        {
            var jail = kernel.Jails.Create(new JailOptions
            {
                Name = "tree",
                Overlay = true,
                Parameters = new Dictionary<string, string?> { ["jid"] = "7", ["enforce_statfs"] = "1", ["allow.mount"] = null, ["allow.mount.tmpfs"] = null, ["allow.mount.nullfs"] = null },
            });
            using var process = jail.Start(new ProgramOptions { Arguments = ["/guest/tree", "mounts"], Output = GuestStream.Pipe });
            using var output = new StreamReader(process.StandardOutput);
            Assert.Equal("up", output.ReadLine());
            Assert.Equal("8", jail.TakeCensus()["processes"]);
            var begin = Stopwatch.GetTimestamp();
            await jail.RemoveAsync(TestContext.Current.CancellationToken);
            removals.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
            Assert.All(jail.TakeCensus().Where(pair => !s_passing.Contains(pair.Key) && pair.Key != "futexes"), pair => Assert.True(pair.Value == "0", $"round {round}: {pair}"));
            Assert.Equal(before, Lasting(kernel));
            if (isLong && round % 250 == 0)
            {
                samples.Add(Sample(round));
                TestContext.Current.TestOutputHelper?.WriteLine(samples[^1].ToString());
            }
        }

        if (isLong)
        {
            removals.Sort();
            TestContext.Current.TestOutputHelper?.WriteLine($"removal: median {removals[rounds / 2]:F2} ms, p99 {removals[rounds * 99 / 100]:F2} ms, most {removals[^1]:F2} ms");
            Assert.InRange(removals[rounds * 99 / 100], 0, 20);
            // Caches are filled and given back in long waves: their crests must not rise.
            var (first, last) = (samples[..(samples.Count / 2)], samples[(samples.Count / 2)..]);
            Assert.InRange(last.Max(sample => sample.Managed), 0, first.Max(sample => sample.Managed));
            Assert.InRange(last.Max(sample => sample.Resident), 0, first.Max(sample => sample.Resident) * 1.05);
            Assert.True(last[^1].Descriptors <= last[0].Descriptors + 4, "descriptors grow");
            Assert.True(last[^1].Threads <= last[0].Threads + 2, "threads grow");
        }
    }

    private static List<KeyValuePair<string, string>> Lasting(DragonetKernel kernel) => [.. kernel.TakeCensus().Where(pair => !s_passing.Contains(pair.Key))];

    private static (int Round, long Managed, long Resident, int Descriptors, int Threads) Sample(int round)
    {
        // Compacted and given back: holes in the heap are no leak.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        var managed = GC.GetTotalMemory(forceFullCollection: false);
        var resident = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))[6..].Replace("kB", "", StringComparison.Ordinal).Trim();
        return (round, managed, long.Parse(resident, CultureInfo.InvariantCulture) * 1024, Directory.GetFileSystemEntries("/proc/self/fd").Length, Directory.GetDirectories("/proc/self/task").Length);
    }
}
