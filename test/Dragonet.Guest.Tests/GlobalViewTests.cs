using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Text.Json;
using Dragonet.Control;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>Looking at jails from outside without going in: top, lsof, strace and console; and reboot.</summary>
public sealed class GlobalViewTests
{
    [Fact]
    public void Top_shows_jails_and_processes_as_text_and_on_a_terminal_until_q()
    {
        using var kernel = new StandingKernel();
        _ = kernel.Run("run", "--name", "busy", "-d", "--", "sh", "-c", "while :; do :; done");
        var text = HostTool.Run(Command.Path, ["top", "-d", "300ms", kernel.Name], "/", TimeSpan.FromMinutes(1)).Output;
        var busy = text.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length > 2 && words[0] == kernel.Name).ToList();
        // Its kernel, its jail, its process: what it uses is what they use (R9).
        var used = (string[])[busy.Single(words => words[1] == "0")[4], busy.Single(words => words[1] == "busy")[4], busy.Single(words => words[2] == "busy")[6]];
        Assert.True(used.Distinct().Count() == 1 && double.Parse(used[0], CultureInfo.InvariantCulture) > 1, text);
        Assert.DoesNotContain('\e', text);

        var script = Path.GetTempFileName();
        File.WriteAllText(script, $"expect \\033[?1049h\nexpect dragonet top\nexpect busy\nexpect dragonet top\nsend x\nexpect dragonet top\nsend q\nexpect \\033[?1049l\nexit 0\n");
        var environment = new Dictionary<string, string>
        {
            ["TERM"] = "xterm",
            ["DOTNET_ROOT"] = Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? "",
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "",
            ["HOME"] = "/",
            ["XDG_RUNTIME_DIR"] = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") ?? "",
        };
        var outcome = HostTool.Run(GuestPrograms.Build("ptydrive"), [script, Command.Path, "top", "-d", "100ms", kernel.Name], "/", TimeSpan.FromMinutes(1), environment);
        Assert.True(outcome.Status == 0, outcome.Output + outcome.Error);
        File.Delete(script);
        Assert.Contains("-n 0", HostTool.Run(Command.Path, ["top", "-n", "0"], "/", TimeSpan.FromMinutes(1)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Machines_read_open_files_events_and_use_as_JSON()
    {
        using var kernel = new StandingKernel();
        _ = kernel.Run("run", "--name", "a", "-d", "--", "sh", "-c", "exec 5>/srv/mine; echo up; exec sleep 1000");
        kernel.RunUntil("up", "logs", "a");
        using var files = JsonDocument.Parse(kernel.Run("lsof", "--json", "a"));
        Assert.Contains(files.RootElement.EnumerateArray(), file => (file.GetProperty("fd").GetString(), file.GetProperty("name").GetString(), file.GetProperty("jail").GetString()) == ("5w", "/srv/mine", "a"));
        using var use = JsonDocument.Parse(HostTool.Run(Command.Path, ["top", "--json", "-d", "10ms", kernel.Name], "/", TimeSpan.FromMinutes(1)).Output);
        Assert.Equal(["0", "a"], use.RootElement.GetProperty("jails").EnumerateArray().Select(jail => jail.GetProperty("jail").GetString()));
        Assert.Equal("sleep", Assert.Single(use.RootElement.GetProperty("processes").EnumerateArray()).GetProperty("command").GetString());

        using var watcher = Process.Start(new ProcessStartInfo(Command.Path, ["events", "-K", kernel.Name, "--json"]) { RedirectStandardOutput = true })!;
        var line = watcher.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask();
        while (!line.IsCompleted)
        {
            _ = kernel.Run("jail", "-c", "name=b", "path=/", "persist"); // until it listens
            _ = kernel.Run("jail", "-r", "b");
        }

        using var told = JsonDocument.Parse((await line)!);
        Assert.Equal("b", told.RootElement.GetProperty("jail").GetString());
        watcher.Kill();
    }

    [Fact]
    public void Open_files_are_listed_with_their_jails()
    {
        using var kernel = DragonetKernel.Boot();
        using var jail = kernel.Jails.Create(new JailOptions { Name = "a", Overlay = true });
        using var holder = jail.Start(new ProgramOptions { Arguments = ["sh", "-c", "exec 5>/srv/mine 6</etc 7<>/dev/null; printf 12345 >&5; echo up; kill -STOP $$"], Input = GuestStream.Null, Output = GuestStream.Pipe });
        using var output = new StreamReader(holder.StandardOutput);
        Assert.Equal("up", output.ReadLine());
        Assert.Equal(
            [(0, 'r', "CHR", 0L, "/dev/null"), (5, 'w', "REG", 5L, "/srv/mine"), (6, 'r', "DIR", 0L, "/etc"), (7, 'u', "CHR", 0L, "/dev/null")],
            kernel.Jails.Root.OpenFiles.Where(file => file.Jail == "a" && file.Pid == holder.Id && file.Descriptor is not (1 or 2)).Select(file => (file.Descriptor, file.Mode, file.Type, file.Size, file.Target)));
        var activity = Assert.Single(jail.Activity);
        Assert.Equal((holder.Id, "a", 0u, 1), (activity.Pid, activity.Jail, activity.User, activity.Threads));
    }

    [Fact]
    public void System_calls_are_seen_of_one_jail_or_process_and_only_while_somebody_looks()
    {
        using var kernel = DragonetKernel.Boot();
        using var a = kernel.Jails.Create(new JailOptions { Name = "a" });
        using var b = kernel.Jails.Create(new JailOptions { Name = "b" });
        var (ofA, ofOne) = (new List<string>(), new List<string>());
        using var one = b.Start(new ProgramOptions { Arguments = ["sh", "-c", "read x; cat /etc/one"], Input = GuestStream.Pipe, Error = GuestStream.Null });
        using (kernel.Trace(a, 0, line => Add(ofA, line)))
        using (kernel.Trace(b, one.Id, line => Add(ofOne, line)))
        {
            Run(a, "cat /etc/seen");
            Run(b, "cat /etc/unseen");
            one.StandardInput.Write("\n"u8);
            one.StandardInput.Dispose();
            _ = one.Wait();
        }

        Run(a, "cat /etc/later");
        Assert.Contains(ofA, line => line.Contains("openat(", StringComparison.Ordinal) && line.Contains("/etc/seen", StringComparison.Ordinal) && line.EndsWith("-1 ENOENT", StringComparison.Ordinal));
        Assert.Contains(ofA, line => line.EndsWith("+++ exited with 1 +++", StringComparison.Ordinal));
        Assert.DoesNotContain(ofA, line => line.Contains("unseen", StringComparison.Ordinal) || line.Contains("later", StringComparison.Ordinal) || line.Contains("/etc/one", StringComparison.Ordinal));
        Assert.All(ofOne, line => Assert.StartsWith($"[{one.Id}] ", line, StringComparison.Ordinal));
        Assert.NotEmpty(ofOne);
    }

    [Fact]
    public void Reboot_boots_the_same_kernel_again_and_starts_a_jails_program_again()
    {
        using var kernel = new StandingKernel("-m", "512M", "--hostname", "again");
        _ = kernel.Run("run", "--name", "svc", "-d", "--", "sh", "-c", "echo up; echo kept >>/srv/f; exec sleep 1000");
        kernel.RunUntil("up", "logs", "svc");
        _ = kernel.Run("reboot", "-j", "svc");
        kernel.RunUntil("up up", "logs", "svc");
        Assert.Equal("2\n", kernel.Run("jexec", "svc", "sh", "-c", "grep -c kept /srv/f"));
        _ = kernel.Run("jail", "-c", "name=plain", "path=/", "persist");
        Assert.Contains("nothing runs in", kernel.Fail("reboot", "-j", "plain"), StringComparison.Ordinal);
        var before = ControlClient.Ask(kernel.Name, new ControlRequest { Verb = ControlVerb.Info }).Values!;
        _ = kernel.Run("reboot");
        var after = ControlClient.Ask(kernel.Name, new ControlRequest { Verb = ControlVerb.Info }).Values!;
        Assert.NotEqual(before["pid"], after["pid"]);
        Assert.Equal(before["memory"], after["memory"]);
        Assert.Equal("again\n", kernel.Run("jexec", "0", "uname", "-n"));
        Assert.Equal("", kernel.Run("jls", "name"));
    }

    private static void Add(List<string> lines, string line)
    {
        lock (lines)
        {
            lines.Add(line);
        }
    }

    private static void Run(GuestJail jail, string script)
    {
        using var process = jail.Start(new ProgramOptions { Arguments = ["/bin/sh", "-c", script], Output = GuestStream.Null, Error = GuestStream.Null });
        _ = process.Wait();
    }
}
