using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>The kernel process gives up its rights: what a guest that took it over could still do.</summary>
public sealed class ConfinementTests
{
    private static readonly string[] s_refused =
    [
        "start a program: refused", "make a socket: refused", "make a UNIX socket: refused", "execve: EPERM", "ptrace: EPERM", "fork: EPERM",
        "type into the terminal: EPERM", "calls not in the list that do not answer EPERM: ", "read shadow: refused", "write shared read-only: refused",
    ];

    private static readonly string[] s_refusedByLandlock = ["read outside: refused", "write outside: refused", "read environment of the parent: refused"];

    private static readonly string[] s_allowed = ["read shared: done", "write shared: done", "read passwd: done", "guest: shared from-guest from-kernel a"];

    [Fact]
    public void A_confined_kernel_process_reaches_only_what_it_shares()
    {
        var place = Directory.CreateTempSubdirectory("dragonet-confined-");
        try
        {
            var (readable, writable, outside) = (place.CreateSubdirectory("readable"), place.CreateSubdirectory("writable"), place.CreateSubdirectory("outside"));
            File.WriteAllText(Path.Combine(readable.FullName, "file"), "shared\n");
            File.WriteAllText(Path.Combine(outside.FullName, "file"), "secret");
            var outcome = HostTool.Run(Command.Built("Dragonet.Confinement.Probe", "Dragonet.Confinement.Probe"), [readable.FullName, writable.FullName, outside.FullName], place.FullName, TimeSpan.FromMinutes(1));
            var lines = outcome.Output.Split('\n');
            IEnumerable<string> refused = HostReport.Examine().Any(finding => finding is { Name: "Landlock", Level: FindingLevel.Good }) ? [.. s_refused, .. s_refusedByLandlock] : s_refused.Where(line => !line.StartsWith("write shared", StringComparison.Ordinal) && !line.StartsWith("read shadow", StringComparison.Ordinal));
            foreach (var line in refused.Concat(s_allowed))
            {
                Assert.Contains(line, lines);
            }

            Assert.Equal(0, outcome.Status);
            Assert.Equal(["file"], outside.EnumerateFiles().Select(file => file.Name));
            Assert.Equal("shared\n", File.ReadAllText(Path.Combine(readable.FullName, "file")));
        }
        finally
        {
            place.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_confined_kernel_process_that_dies_of_a_bug_says_so_in_its_log()
    {
        const int aborted = 128 + 6; // SIGABRT
        var log = Path.GetTempFileName();
        var outcome = HostTool.Run(Command.Built("Dragonet.Confinement.Probe", "Dragonet.Confinement.Probe"), ["die", log], "/", TimeSpan.FromMinutes(1));
        Assert.Equal((aborted, "", ""), (outcome.Status, outcome.Output, outcome.Error));
        Assert.Matches("^Unhandled exception. System.IO.InvalidDataException: nobody catches this\n   at Dragonet.Confinement.Probe.Program.*", File.ReadAllText(log));
        File.Delete(log);
    }

    [Fact]
    public void A_kernel_process_finalizes_nothing_while_its_kernel_is_idle_and_ends_all_the_same()
    {
        var outcome = HostTool.Run(Command.Built("Dragonet.Confinement.Probe", "Dragonet.Confinement.Probe"), ["quiet"], "/", TimeSpan.FromMinutes(3));
        Assert.Equal((0, "idle: False\ncalled: True\nidle again: True\n", ""), (outcome.Status, outcome.Output, outcome.Error));
    }

    [Fact]
    public void The_command_confines_every_thread_and_closes_what_it_inherited()
    {
        // The guest has no view of the kernel process, so a shell of the host looks while the guest waits for it.
        const string script = """
            exec 7</etc/hostname; mkfifo "$2/in" "$2/out"
            "$1" run -- cat <"$2/in" >"$2/out" & kernel=$!
            exec 8>"$2/in" 9<"$2/out"; echo go >&8; read line <&9
            for task in /proc/$kernel/task/*; do grep -E '^(NoNewPrivs|Seccomp):' "$task/status"; done | sort -u
            readlink /proc/$kernel/fd/* | grep -c -x "$(readlink -f /etc/hostname)"
            exec 8>&-; wait $kernel
            """;
        var place = Directory.CreateTempSubdirectory("dragonet-confined-");
        try
        {
            var outcome = HostTool.Run("bash", ["-c", script, "bash", Command.Path, place.FullName], place.FullName, TimeSpan.FromMinutes(1));
            Assert.Equal("NoNewPrivs:\t1\nSeccomp:\t2\n0\n", outcome.Output);
        }
        finally
        {
            place.Delete(recursive: true);
        }
    }
}
