using System.Diagnostics;
using System.Globalization;
using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>The wall: what a hostile guest does stays in the guest, and nothing outlives the kernel process.</summary>
public sealed class WallTests
{
    private const int SweptGates = 4; // attacker.c, SWEEP_GATES
    private const int SweptSets = 5;

    [Theory]
    [InlineData(null)]
    [InlineData("65534:65534")]
    public void An_attacker_on_the_stub_changes_nothing_outside(string? user)
    {
        var binary = GuestPrograms.Build("attacker");
        var secret = Directory.CreateTempSubdirectory("dragonet-wall-");
        var target = Path.Combine(secret.FullName, "target");
        File.WriteAllText(target, "untouched");
        using var victim = Process.Start(new ProcessStartInfo("sleep", "1000"))!;
        try
        {
            // The stub's code page and, for good measure, its slots: see Stub/StubLayout.cs.
            var outcome = GuestRunner.Run(
                new ProgramOptions
                {
                    Arguments = ["/guest/attacker", target, victim.Id.ToString(CultureInfo.InvariantCulture), "dragonet-wall-socket", "500000000000-500000001000"],
                    WorkingDirectory = "/tmp",
                    User = user,
                },
                new KernelOptions { Volumes = [new Volume(Path.GetDirectoryName(binary)!, "/guest", ReadOnly: true)] },
                TimeSpan.FromMinutes(4));
            Assert.Contains("done: ", outcome.Output, StringComparison.Ordinal);
            Assert.Equal(SweptGates * SweptSets, outcome.Output.Split('\n').Count(line => line.StartsWith("sweep ", StringComparison.Ordinal)));
            Assert.False(victim.HasExited, "the attacker killed a process of the host");
            Assert.Equal("untouched", File.ReadAllText(target));
            Assert.Equal(["target"], Directory.GetFileSystemEntries(secret.FullName).Select(Path.GetFileName));
            Assert.Empty(Directory.GetFiles("/tmp", "*.attacker"));
        }
        finally
        {
            victim.Kill();
            secret.Delete(recursive: true);
        }
    }

    [Fact]
    public void Who_hides_a_thread_from_the_kernel_is_ended()
    {
        var liar = GuestPrograms.Build("liar");
        var result = HostTool.Run(Command.Path, ["run", "-v", $"{Path.GetDirectoryName(liar)}:/programs:ro", "--", "/programs/liar"], "/", TimeSpan.FromMinutes(1));
        Assert.True(result.Output == "no\n" || result.Status == 128 + 9, $"{result.Status}: {result.Output}{result.Error}");
    }

    [Fact]
    public void Killing_the_kernel_process_leaves_nothing_behind()
    {
        // The workload has everything at once: compiler, forks, pipes, files in memory, sockets, a volume.
        const string work = """
            cd /tmp; echo 'int main(void){return 0;}' >a.c
            perl -MIO::Socket -e 'my $s = IO::Socket::UNIX->new(Local => "/tmp/s", Listen => 5); while (1) { my $c = IO::Socket::UNIX->new(Peer => "/tmp/s"); print $c "x" x 1000; $s->accept }' &
            while :; do gcc -o a a.c & head -c 1000000 /dev/zero | tee /dev/shm/f /volume/f$RANDOM | cat >/dev/null; (sleep 1000 & true); rm -f /volume/f*; done
            """;
        var rounds = Environment.GetEnvironmentVariable("DRAGONET_LONG") == "1" ? 200 : 40;
        var random = new Random(20);
        var place = Directory.CreateTempSubdirectory("dragonet-kill-");
        var (volume, temporary) = (place.CreateSubdirectory("volume"), place.CreateSubdirectory("tmp"));
        var mounts = File.ReadAllText("/proc/self/mountinfo");
        try
        {
            for (var round = 0; round < rounds; round++)
            {
                var start = new ProcessStartInfo(Command.Path, ["run", "-v", $"{volume.FullName}:/volume", "--", "/bin/bash", "-c", work]) { RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true };
                start.Environment["DOTNET_EnableDiagnostics"] = "0"; // as the script `dragonet` does
                start.Environment["TMPDIR"] = temporary.FullName;
                start.Environment["XDG_RUNTIME_DIR"] = temporary.FullName;
                var others = Entries().ToHashSet(StringComparer.Ordinal); // a number comes again
                using var kernel = Process.Start(start)!;
                var moment = Stopwatch.StartNew();
                var until = TimeSpan.FromMilliseconds(random.Next(20, 900));
                while (moment.Elapsed < until)
                {
                    _ = kernel.WaitForExit(1);
                }

                // The zygote leads a session of its own, and all guests are in it.
                var sessions = ChildrenOf(kernel.Id).Select(pid => ReadStat(pid)?[3]).OfType<string>().Distinct().ToList();
                kernel.Kill();
                kernel.WaitForExit();

                // The host kills them at the same moment; being reaped takes it a little longer.
                var deadline = Stopwatch.StartNew();
                while (LeftIn(sessions).Count > 0 && deadline.Elapsed < TimeSpan.FromSeconds(60))
                {
                    _ = Thread.Yield();
                }

                Assert.Empty(LeftIn(sessions));
                Assert.Empty(temporary.EnumerateFileSystemInfos());
                Assert.Equal("", Named(kernel.Id, others));
            }

            Assert.Equal(mounts, File.ReadAllText("/proc/self/mountinfo"));
            Assert.DoesNotContain("dragonet-kill-", File.ReadAllText("/proc/net/unix"), StringComparison.Ordinal);
        }
        finally
        {
            place.Delete(recursive: true);
        }
    }

    /// <summary>New files that carry the process's number.</summary>
    private static string Named(int pid, HashSet<string> others)
        => string.Join(' ', Entries().Where(path => !others.Contains(path) && Path.GetFileName(path).Split('-', '.').Contains(pid.ToString(CultureInfo.InvariantCulture))));

    private static IEnumerable<string> Entries() => ((string[])["/tmp", "/dev/shm", "/run"]).SelectMany(Directory.EnumerateFileSystemEntries);

    /// <summary>Living guests of these sessions.</summary>
    private static List<int> LeftIn(List<string> sessions)
        => [.. Directory.GetDirectories("/proc").Select(directory => int.TryParse(Path.GetFileName(directory), out var pid) ? pid : 0)
            .Where(pid => pid != 0 && ReadStat(pid) is { } fields && sessions.Contains(fields[3]) && IsAlive(pid))];

    private static List<int> ChildrenOf(int parent)
    {
        var list = new List<int>();
        foreach (var directory in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), out var pid) && ReadStat(pid) is { } fields && fields[1] == parent.ToString(CultureInfo.InvariantCulture))
            {
                list.Add(pid);
            }
        }

        return list;
    }

    private static bool IsAlive(int pid) => ReadStat(pid) is { } fields && fields[0] is not ("Z" or "X") && File.Exists($"/proc/{pid}/cmdline") && Text($"/proc/{pid}/cmdline").StartsWith("dragonet-guest", StringComparison.Ordinal);

    /// <summary>State, parent … of proc(5) stat, behind the name.</summary>
    private static string[]? ReadStat(int pid)
    {
        var text = Text($"/proc/{pid}/stat");
        var end = text.LastIndexOf(')');
        return end < 0 ? null : text[(end + 2)..].Split(' ');
    }

    private static string Text(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return ""; // it has just ended
        }
    }
}
