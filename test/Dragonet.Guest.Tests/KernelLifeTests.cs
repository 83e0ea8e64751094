using System.Diagnostics;
using System.Globalization;
using System.IO;
using Dragonet.Control;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>The beginning and the end of a kernel that stays: who lives is a matter of locks, and the end comes in order.</summary>
public sealed class KernelLifeTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Fact]
    public void K8_a_lock_says_who_lives_whatever_is_written_in_files()
    {
        using var kernel = new StandingKernel();
        var paths = ControlPaths.Of(kernel.Name);
        Assert.Contains("runs already", Dragonet("boot", kernel.Name).Error, StringComparison.Ordinal);
        Assert.Contains("runs already", Dragonet("boot", kernel.Name, "--foreground").Error, StringComparison.Ordinal);
        Assert.Equal("still\n", kernel.Run("jexec", "0", "echo", "still"));

        // It dies without a word: its files stay, and the number in them becomes somebody else's, ours.
        using (var process = Process.GetProcessById(int.Parse(File.ReadAllText(paths.ProcessId), CultureInfo.InvariantCulture)))
        {
            process.Kill();
            process.WaitForExit();
        }

        File.WriteAllText(paths.ProcessId, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        Assert.True(File.Exists(paths.Lock) && File.Exists(paths.Socket));
        Assert.False(paths.IsAlive);
        Assert.Contains("does not run", Dragonet("kill", kernel.Name).Error, StringComparison.Ordinal);
        Assert.DoesNotContain(kernel.Name, Dragonet("ls").Output, StringComparison.Ordinal);
        Assert.Equal("", Dragonet("boot", kernel.Name).Error);
        Assert.Equal("again\n", kernel.Run("jexec", "0", "echo", "again"));
    }

    [Theory]
    [InlineData("exec \"$0\" halt \"$1\"")]
    [InlineData("kill -TERM $2; while kill -0 $2 2>/dev/null; do :; done")]
    public void K9_programs_end_in_order_the_last_jail_first(string end)
    {
        var place = Directory.CreateTempSubdirectory("order").FullName;
        using var kernel = new StandingKernel("-v", $"{place}:/out");
        foreach (var jail in (ReadOnlySpan<string>)["0", "b", "a", "c"])
        {
            if (jail != "0")
            {
                _ = kernel.Run("jail", "-c", $"name={jail}", "path=/", "persist");
            }

            _ = kernel.Run("jexec", "-b", jail, "sh", "-c", $"trap 'echo {jail} >>/out/order; exit' TERM; echo >/out/{jail}; while :; do sleep 0.01; done");
            var watch = Stopwatch.StartNew();
            while (!File.Exists(Path.Combine(place, jail)))
            {
                Assert.True(watch.Elapsed < s_limit);
            }
        }

        _ = HostTool.Run("sh", ["-c", end, Command.Path, kernel.Name, File.ReadAllText(ControlPaths.Of(kernel.Name).ProcessId)], "/", s_limit);
        Assert.False(ControlPaths.Of(kernel.Name).IsAlive);
        Assert.Equal(["c", "a", "b", "0"], File.ReadLines(Path.Combine(place, "order")));
        Directory.Delete(place, recursive: true);
    }

    [Fact]
    public void K9_who_does_not_listen_keeps_nobody_waiting_for_long()
    {
        using var kernel = new StandingKernel();
        _ = kernel.Run("jail", "-c", "name=deaf", "path=/", "persist");
        _ = kernel.Run("jexec", "-b", "deaf", "sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.01; done");
        kernel.RunUntil("up", "logs", "deaf");
        Assert.Contains("halt: no number of seconds", Dragonet("halt", "-t", "soon", kernel.Name).Error, StringComparison.Ordinal);
        Assert.Equal((0, ""), (Dragonet("halt", "-t", "0", kernel.Name).Status, ""));
        Assert.False(ControlPaths.Of(kernel.Name).IsAlive);
    }

    [Fact]
    public void K9_who_does_not_listen_costs_nobody_else_the_time_to_end_well()
    {
        var place = Directory.CreateTempSubdirectory("patience").FullName;
        using var kernel = new StandingKernel("-v", $"{place}:/out");
        foreach (var (jail, program) in (ReadOnlySpan<(string, string)>)[("polite", "trap 'echo polite >>/out/end; exit' TERM"), ("deaf", "trap '' TERM")])
        {
            _ = kernel.Run("jail", "-c", $"name={jail}", "path=/", "persist");
            _ = kernel.Run("jexec", "-b", jail, "sh", "-c", $"{program}; echo up; while :; do sleep 0.01; done");
            kernel.RunUntil("up", "logs", jail);
        }

        Assert.Equal((0, ""), (Dragonet("halt", "-t", "1", kernel.Name).Status, ""));
        Assert.Equal("polite\n", File.ReadAllText(Path.Combine(place, "end")));
        Directory.Delete(place, recursive: true);
    }

    [Fact]
    public void K9_a_halt_does_what_jail_conf_wants_at_the_end_of_each_jail()
    {
        var place = Directory.CreateTempSubdirectory("steps").FullName;
        using var kernel = new StandingKernel("-v", $"{place}:/out");
        var file = Path.Combine(place, "jail.conf");
        File.WriteAllText(file, """
            path = "/"; host.hostname = "$name.example"; persist; stop.timeout = 30; mount = "tmpfs /mnt/$name tmpfs rw 0 0"; exec.prepare = "mkdir -p /mnt/$name";
            exec.start = "sh -c 'trap \"echo $name: term >>/out/order; exit\" TERM; echo >/out/$name; while :; do sleep 0.01; done' >/dev/null 2>&1 &";
            exec.prestop = "echo $name: prestop `hostname` \$JID >>/out/order"; exec.stop = "echo $name: stop `hostname` >>/out/order", "echo said; false";
            exec.poststop = "echo $name: poststop `grep -c /mnt/$name /proc/mounts` >>/out/order"; exec.release = "echo $name: release `grep -c /mnt/$name /proc/mounts` >>/out/order";
            first { depend = second; jid = 11; } second { jid = 12; }
            """);
        _ = kernel.Run("jail", "-q", "-f", file, "-c");
        var watch = Stopwatch.StartNew();
        while (!File.Exists(Path.Combine(place, "first")) || !File.Exists(Path.Combine(place, "second")))
        {
            Assert.True(watch.Elapsed < s_limit);
        }

        _ = Dragonet("halt", kernel.Name);
        Assert.Equal(["first: prestop dragonet 11", "first: stop first.example", "first: term", "first: poststop 1", "first: release 0",
            "second: prestop dragonet 12", "second: stop second.example", "second: term", "second: poststop 1", "second: release 0"], File.ReadLines(Path.Combine(place, "order")));
        var log = File.ReadAllText(ControlPaths.Of(kernel.Name).Log);
        Assert.Contains("said\n", log, StringComparison.Ordinal);
        Assert.Contains("dragonet: halt: first: exec.stop: \"echo said; false\" ended with status 1\n", log, StringComparison.Ordinal);
        Directory.Delete(place, recursive: true);
    }

    [Fact]
    public void Only_its_user_and_the_group_that_was_named_command_a_kernel()
    {
        Assert.SkipUnless(System.Environment.UserName == "root", "only root becomes somebody else");
        HostTool.Require("setpriv", "util-linux");
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "/usr/bin/python3 is missing: install the package python3"); // one that everybody may run
        const string ask = """
            import socket, struct, sys
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(sys.argv[1]); m = b'{"verb":"info"}'; s.sendall(struct.pack("<Bi", 1, len(m)) + m)
                print("answer" if s.recv(1) == b"\x02" else "hung up")
            except PermissionError: print("kept away")
            except ConnectionError: print("hung up")
            """;
        var place = Directory.CreateTempSubdirectory("rt");
        place.UnixFileMode |= UnixFileMode.OtherExecute;
        var (environment, name) = (Environment(place.FullName), "grouped");
        Assert.Contains("no such group", HostTool.Run(Command.Path, ["boot", name, "--group", "no-such-group"], "/", s_limit, environment).Error, StringComparison.Ordinal);
        Assert.Equal("", HostTool.Run(Command.Path, ["boot", name, "--group", "47110"], "/", s_limit, environment).Error);
        var directory = Path.Combine(place.FullName, name);
        var socket = Path.Combine(directory, "control");
        try
        {
            Assert.Equal("answer", As("--regid 65534 --clear-groups", user: 0));
            Assert.Equal("answer", As("--regid 47110 --clear-groups"));
            Assert.Equal("answer", As("--regid 65534 --groups 5,47110"));
            Assert.Equal("kept away", As("--regid 65534 --groups 5,6"));
            Assert.Equal("kept away", As("--regid 0 --clear-groups"));

            // Whatever becomes of the modes, it is the peer that counts.
            File.SetUnixFileMode(socket, (UnixFileMode)0x1ff);
            File.SetUnixFileMode(directory, (UnixFileMode)0x1ff);
            Assert.Equal("hung up", As("--regid 65534 --groups 5,6"));
            Assert.Equal("answer", As("--regid 65534 --groups 47110"));
        }
        finally
        {
            _ = HostTool.Run(Command.Path, ["halt", name], "/", s_limit, environment);
            place.Delete(recursive: true);
        }

        string As(string options, int user = 65534)
            => HostTool.Run("sh", ["-c", $"PATH=/usr/bin:/bin exec setpriv --reuid {user} {options} python3 -c \"$0\" \"$1\"", ask, socket], "/", s_limit).Output.Trim();

        static Dictionary<string, string> Environment(string place) => new()
        {
            ["DRAGONET_RUNTIME_DIR"] = place, ["PATH"] = System.Environment.GetEnvironmentVariable("PATH") ?? "", ["HOME"] = "/",
            ["DOTNET_ROOT"] = System.Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? "",
        };
    }

    private static ProgramOutcome Dragonet(params string[] arguments) => HostTool.Run(Command.Path, arguments, "/", s_limit);
}
