using System.Diagnostics;
using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>
/// Jails that are made, filled with a tree of programs that holds one of everything (test/guest/tree.c), and removed under it. Twenty times;
/// with DRAGONET_LONG=1 ten thousand times (or as often as it says), and then memory and time are looked at as well.
/// </summary>
[Collection(typeof(AloneCollection))]
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
        var rounds = longer > 1 ? longer : isLong ? 10_000 : 20;
        var removals = new List<double>(rounds); // all at once: this is no leak either
        var memory = isLong ? new MemoryTrend(rounds) : null;
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
            memory?.Next(round);
        }

        if (isLong)
        {
            removals.Sort();
            TestContext.Current.TestOutputHelper?.WriteLine($"removal: median {removals[rounds / 2]:F2} ms, p99 {removals[rounds * 99 / 100]:F2} ms, most {removals[^1]:F2} ms");
            Assert.InRange(removals[rounds * 99 / 100], 0, 20);
            memory!.AssertFlat();
        }
    }

    [Fact]
    public void J8_what_is_remembered_of_a_process_in_proc_goes_with_it()
    {
        // A name of /proc that is kept holds the process, and with it all of its jail.
        const string look = """
            names() { while read -r what count; do [ "$what" = dentries ] && echo "$count"; done </proc/dragonet/census; }
            look() { cat /proc/self/stat /proc/thread-self/stat /proc/self/task/*/comm /proc/self/fd/../maps >/dev/null; }
            names; look; before=$(names)
            for i in 1 2 3 4 5 6 7 8 9 10; do look; done
            echo "$(($(names) - before)) more"
            """;
        using var kernel = DragonetKernel.Boot();
        using var process = kernel.Start(new ProgramOptions { Arguments = ["sh", "-c", look], Output = GuestStream.Pipe });
        using var output = new StreamReader(process.StandardOutput);
        Assert.EndsWith("\n0 more\n", output.ReadToEnd(), StringComparison.Ordinal);
    }

    private static List<KeyValuePair<string, string>> Lasting(DragonetKernel kernel) => [.. kernel.TakeCensus().Where(pair => !s_passing.Contains(pair.Key))];
}
