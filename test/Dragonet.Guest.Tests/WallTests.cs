using System.Diagnostics;
using System.Globalization;
using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>The wall: what a hostile guest does stays in the guest, and nothing outlives the kernel process.</summary>
public sealed class WallTests
{
    private const int Kills = 20;

    [Fact]
    public void An_attacker_on_the_stub_changes_nothing_outside()
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
                },
                new KernelOptions { Volumes = [new Volume(Path.GetDirectoryName(binary)!, "/guest", ReadOnly: true)] },
                TimeSpan.FromMinutes(4));
            Assert.NotEqual("", outcome.Output + outcome.Error);
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
    public void Killing_the_kernel_process_leaves_no_guest_behind()
    {
        var random = new Random(20);
        for (var round = 0; round < Kills; round++)
        {
            var start = new ProcessStartInfo(Command.Path, ["run", "--", "/bin/bash", "-c", "while :; do (sleep 1000 & /bin/true; :); done"]) { RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true };
            using var kernel = Process.Start(start)!;
            var moment = Stopwatch.StartNew();
            var until = TimeSpan.FromMilliseconds(random.Next(20, 900));
            while (moment.Elapsed < until)
            {
                _ = kernel.WaitForExit(1);
            }

            var guests = ChildrenOf(kernel.Id);
            kernel.Kill();
            kernel.WaitForExit();

            // The host kills them at the same moment; being reaped takes it a little longer.
            var deadline = Stopwatch.StartNew();
            while (guests.Any(IsAlive) && deadline.Elapsed < TimeSpan.FromSeconds(10))
            {
                _ = Thread.Yield();
            }

            Assert.DoesNotContain(guests, IsAlive);
        }
    }

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
