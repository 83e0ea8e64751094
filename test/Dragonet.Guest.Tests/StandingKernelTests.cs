using System.Diagnostics;
using System.IO;
using System.Net.Sockets;
using Dragonet.Control;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>A kernel that stays, through its commands: boot, jail, jls, jexec and the words of every day.</summary>
public sealed class StandingKernelTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    private readonly string _kernel = "test" + Guid.NewGuid().ToString("N")[..8];

    public StandingKernelTests() => Assert.Equal("", Run("boot", _kernel));

    public void Dispose()
    {
        _ = HostTool.Run(Command.Path, ["halt", _kernel], "/", s_limit);
        Assert.False(ControlPaths.Of(_kernel).IsAlive);
        Directory.Delete(ControlPaths.Of(_kernel).Directory, recursive: true);
    }

    [Fact]
    public void A_jail_is_made_entered_listed_and_removed()
    {
        Assert.Equal("web: created\n", Run("jail", "-K", _kernel, "-c", "name=web", "host.hostname=www", "overlay", "persist"));
        Assert.Equal("www\n", Run("jexec", "-K", _kernel, "web", "hostname"));
        Assert.Equal("web www /\n", Run("jls", "-K", _kernel, "name", "host.hostname", "path"));
        var failed = HostTool.Run(Command.Path, ["jexec", "-K", _kernel, "web", "sh", "-c", "echo out; echo err >&2; exit 3"], "/", s_limit);
        Assert.Equal((3, "out\n", "err\n"), (failed.Status, failed.Output, failed.Error));
        Assert.Equal("web: removed\n", Run("jail", "-K", _kernel, "-r", "web"));
        Assert.Equal("dragonet: jail \"web\" not found\n", HostTool.Run(Command.Path, ["jexec", "-K", _kernel, "web", "true"], "/", s_limit).Error);
    }

    [Theory]
    [InlineData("kill")]
    [InlineData("halt")]
    public void The_command_that_ends_a_kernel_returns_when_it_is_gone(string verb)
    {
        for (var round = 0; round < 4; round++)
        {
            Assert.Equal("", Run(verb, _kernel));
            Assert.False(ControlPaths.Of(_kernel).IsAlive);
            Assert.Equal("", Run("boot", _kernel));
        }
    }

    [Fact]
    public void R1_rules_and_use_through_the_commands()
    {
        Assert.Equal("", Run("rctl", "-K", _kernel, "-a", "jail:web:maxproc:deny=5", "jail:web:openfiles:log=1k/process"));
        Assert.Equal("jail:web:maxproc:deny=5\njail:web:openfiles:log=1024/process\n", Run("rctl", "-K", _kernel));
        _ = Run("jail", "-K", _kernel, "-c", "name=web", "persist");
        _ = HostTool.Run(Command.Path, ["jexec", "-K", _kernel, "web", "sh", "-c", "for i in 1 2 3 4 5 6 7; do true & done; wait"], "/", s_limit);
        Assert.Contains("\nmaxproc=", "\n" + Run("rctl", "-K", _kernel, "-u", "jail:web"), StringComparison.Ordinal);
        var row = Run("rctl", "-K", _kernel, "-u", "-v", "jail:web").Split('\n').First(line => line.StartsWith("maxproc ", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("5", row[3]);
        Assert.Contains("\"maxproc\":{\"held\":", Run("jls", "-K", _kernel, "--json"), StringComparison.Ordinal);
        Assert.Equal("", Run("rctl", "-K", _kernel, "-r", "jail:web:openfiles"));
        Assert.Equal("jail:web:maxproc:deny=5\n", Run("rctl", "-K", _kernel, "-l", "jail:web"));
        var failed = HostTool.Run(Command.Path, ["rctl", "-K", _kernel, "-r", "jail:other"], "/", s_limit);
        Assert.Equal((1, "dragonet: no rule fits \"jail:other\"\n"), (failed.Status, failed.Error));
    }

    [Fact]
    public void J7_a_command_without_persist_leaves_nothing()
    {
        Assert.Equal("hello\n", Run("jail", "-K", _kernel, "-c", "path=/", "command=/bin/echo", "hello"));
        Assert.Equal("", Run("jls", "-K", _kernel, "name"));
    }

    [Fact]
    public void J43_a_command_that_fails_takes_its_jail_with_it()
    {
        foreach (var (command, status) in (ReadOnlySpan<(string, int)>)[("false", 1), ("no-such-program", 127), ("/etc/passwd", 126)])
        {
            Assert.Equal(status, HostTool.Run(Command.Path, ["jail", "-K", _kernel, "-c", "name=x", "path=/", "persist", $"command={command}"], "/", s_limit).Status);
            Assert.Equal("", Run("jls", "-K", _kernel, "name"));
        }

        Assert.Equal("", Run("jail", "-K", _kernel, "-c", "name=x", "path=/", "persist", "command=true"));
        Assert.Equal("x\n", Run("jls", "-K", _kernel, "name"));
    }

    [Fact]
    public void Stopping_waits_for_the_last_program_and_no_longer()
    {
        _ = Run("run", "--name", "svc", "-d", "--", "sh", "-c", "trap 'echo bye; exit' TERM; (trap '' TERM; read x < /dev/zero) & echo up; while :; do sleep 0.01; done");
        while (!Run("logs", "-K", _kernel, "svc").Contains("up", StringComparison.Ordinal))
        {
            Thread.Yield();
        }

        Assert.Equal("svc\n", Run("stop", "-K", _kernel, "svc"));
        Assert.Contains("bye", Run("logs", "-K", _kernel, "svc"), StringComparison.Ordinal);
        Assert.Contains("processes        0\n", Run("census", "-K", _kernel), StringComparison.Ordinal);
    }

    [Fact]
    public void Stopping_takes_as_long_as_it_is_told()
    {
        _ = Run("run", "--name", "deaf", "-d", "--", "sh", "-c", "trap '' TERM; echo up; exec sleep 1000");
        _ = Run("run", "--name", "slow", "-d", "--", "sh", "-c", "trap 'until [ -e /srv/now ]; do sleep 0.01; done; echo bye; exit' TERM; echo up; while :; do sleep 0.01; done");
        while (!Run("logs", "-K", _kernel, "deaf", "slow").Contains("up\nup\n", StringComparison.Ordinal))
        {
            Thread.Yield();
        }

        Assert.Equal("deaf\n", Run("stop", "-K", _kernel, "-t", "0", "deaf"));
        var stop = Task.Run(() => Run("stop", "-K", _kernel, "--timeout=3600", "slow"));
        _ = Run("cp", "-K", _kernel, Command.Path, "slow:/srv/now"); // before or after the signal, which a program in the jail would get, too
        Assert.Equal("slow\n", stop.Result);
        while (!Run("logs", "-K", _kernel, "slow").Contains("bye\n", StringComparison.Ordinal))
        {
            Thread.Yield();
        }

        Assert.Contains("processes        0\n", Run("census", "-K", _kernel), StringComparison.Ordinal);
        Assert.Equal("dragonet: stop: -t '-1': a number of seconds from 0 to 3600\n", HostTool.Run(Command.Path, ["stop", "-K", _kernel, "-t", "-1", "slow"], "/", s_limit).Error);
        Assert.Equal("-t\n", HostTool.Run("bash", ["-c", "source <($0 completion bash); COMP_WORDS=(dragonet stop -t); COMP_CWORD=2; _dragonet; echo ${COMPREPLY[*]}", Command.Path], "/", s_limit).Output);
    }

    [Fact]
    public void Files_go_into_a_jail_and_out_of_it_and_a_running_jail_becomes_a_template()
    {
        var place = Directory.CreateTempSubdirectory("cp").FullName;
        _ = Run("jail", "-K", _kernel, "-c", "name=a", "overlay", "persist");
        _ = Directory.CreateDirectory(Path.Combine(place, "in/deep"));
        File.WriteAllText(Path.Combine(place, "in/deep/file"), "x\n");
        _ = File.CreateSymbolicLink(Path.Combine(place, "in/link"), "/etc/passwd");
        _ = Run("cp", "-K", _kernel, Path.Combine(place, "in"), "a:/srv");
        _ = Run("cp", "-K", _kernel, Path.Combine(place, "in"), "a:/srv/other");
        _ = Run("cp", "-K", _kernel, Path.Combine(place, "in/deep/file"), "a:/etc/hostname");
        Assert.Equal("x\nx\nx\n/etc/passwd\n", Run("jexec", "-K", _kernel, "a", "sh", "-c", "cat /srv/in/deep/file /srv/other/deep/file /etc/hostname; readlink /srv/other/link"));
        _ = Run("jexec", "-K", _kernel, "a", "sh", "-c", "ln -s /etc/passwd /srv/evil; chmod 4755 /srv/in/deep/file");
        _ = Run("cp", "-K", _kernel, "a:/srv", Path.Combine(place, "out"));
        _ = Run("cp", "-K", _kernel, "a:/etc/hostname", place);
        Assert.Equal("x\n", File.ReadAllText(Path.Combine(place, "out/other/deep/file")));
        Assert.Equal("x\n", File.ReadAllText(Path.Combine(place, "hostname")));
        Assert.Equal((UnixFileMode)0, File.GetUnixFileMode(Path.Combine(place, "out/in/deep/file")) & UnixFileMode.SetUser);
        Assert.Equal("/etc/passwd", new FileInfo(Path.Combine(place, "out/evil")).LinkTarget);
        Assert.Equal("dragonet: cp: /nowhere: there is no such file in the jail\n", HostTool.Run(Command.Path, ["cp", "-K", _kernel, "a:/nowhere", place], "/", s_limit).Error);
        Assert.Empty(Directory.GetDirectories(place, ".dragonet*"));
        Directory.Delete(place, recursive: true);
    }

    [Fact]
    public void J41_one_of_two_that_race_for_a_name_wins_and_a_file_tells_the_numbers()
    {
        var file = Path.GetTempFileName();
        var winners = Enumerable.Range(0, 8).AsParallel().WithDegreeOfParallelism(8)
            .Count(_ => HostTool.Run(Command.Path, ["jail", "-K", _kernel, "-J", file, "-c", "name=x", "persist"], "/", s_limit).Status == 0);
        Assert.Equal(1, winners);
        Assert.Equal($"jid={Run("jls", "-K", _kernel, "jid").Trim()} name=x path=/ host.hostname=dragonet\n", File.ReadAllText(file));
        File.Delete(file);
    }

    [Fact]
    public void A_client_that_dies_while_its_jail_is_made_leaves_nothing()
    {
        for (var round = 0; round < 20; round++)
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(ControlPaths.Of(_kernel).Socket));
            var body = System.Text.Encoding.UTF8.GetBytes("{\"verb\":\"create\",\"settings\":[{\"name\":\"name\",\"value\":\"x" + round + "\"},{\"name\":\"persist\"}],\"exec\":{\"arguments\":[\"sleep\",\"1000\"]}}");
            _ = socket.Send([(byte)FrameKind.Request, .. BitConverter.GetBytes(body.Length), .. body]);
        }

        var watch = Stopwatch.StartNew();
        string left;
        do
        {
            left = Run("census", "-K", _kernel);
            Assert.True(watch.Elapsed < s_limit, left);
        }
        while (!left.Contains("jails            0\n", StringComparison.Ordinal) || !left.Contains("processes        0\n", StringComparison.Ordinal));
    }

    [Fact]
    public void J45_what_jls_prints_makes_the_jail_again()
    {
        _ = Run("jail", "-K", _kernel, "-c", "name=x", "jid=77", "children.max=3", "allow.raw_sockets", "allow.noset_hostname", "securelevel=2", "enforce_statfs=1", "meta.owner=joe", "persist");
        var printed = Run("jls", "-K", _kernel, "-n", "-j", "x");
        _ = Run("jail", "-K", _kernel, "-r", "x");
        _ = Run(["jail", "-K", _kernel, "-c", .. printed.Trim().Split(' ')]);
        Assert.Equal(printed, Run("jls", "-K", _kernel, "-n", "-j", "77"));
    }

    [Fact]
    public void J43_hooks_run_in_order_and_a_failure_takes_everything_back()
    {
        var file = Configuration("""
            path = "/"; overlay; persist; stop.timeout = 1; /* for all */
            exec.prepare = "echo prepare $name"; exec.prestart = 'echo prestart'; exec.created = "echo created";
            exec.start = "echo start; hostname"; exec.poststart = "echo poststart";
            exec.prestop = "echo prestop"; exec.stop = "echo stop"; exec.poststop = "echo poststop"; exec.release = "echo release";
            web { host.hostname = "${name}.example.org"; exec.start += "echo second"; }   # a comment
            bad { exec.poststart = "false"; }
            """);
        Assert.Equal("prepare web\nprestart\ncreated\nstart\nweb.example.org\nsecond\npoststart\nweb: created\n", Run("jail", "-K", _kernel, "-f", file, "-c", "web"));
        Assert.Equal("prestop\nstop\npoststop\nrelease\nweb: removed\n", Run("jail", "-K", _kernel, "-f", file, "-r", "web"));
        Assert.Equal(new ProgramOutcome(1, "prepare bad\nprestart\ncreated\nstart\ndragonet\npoststop\nrelease\n",
            $"dragonet: jail: bad: {file}:6: exec.poststart: \"false\" ended with status 1\n    bad {{ exec.poststart = \"false\"; }}\n          ^\n"),
            HostTool.Run(Command.Path, ["jail", "-K", _kernel, "-f", file, "-c", "bad"], "/", s_limit));
        Assert.Equal("", Run("jls", "-K", _kernel, "name"));
        File.Delete(file);
    }

    [Fact]
    public void J42_needs_start_first_and_stop_last()
    {
        var file = Configuration("path = /; persist; stop.timeout = 0; a { depend = b, c; } b { depend = c; } c { }");
        Assert.Equal("c: created\nb: created\na: created\n", Run("jail", "-K", _kernel, "-f", file, "-c"));
        Assert.Equal("a: removed\nb: removed\nc: removed\n", Run("jail", "-K", _kernel, "-f", file, "-r"));
        File.WriteAllText(file, "path = /; persist;\na { depend = b; }\nb { depend = a; }\n");
        Assert.Equal($"dragonet: {file}:2: jail \"a\" depends on itself\n    a {{ depend = b; }}\n        ^\n", HostTool.Run(Command.Path, ["jail", "-K", _kernel, "-f", file, "-c"], "/", s_limit).Error);
        File.Delete(file);
    }

    [Theory]
    [InlineData("a {\n  path = \"/x;\n}", 2, "this quote has no end")]
    [InlineData("a {\n  path = /\n}", 3, "\";\" is missing")]
    [InlineData("a {\n  path /;\n}", 2, "\"=\", \";\" or \"{\" was expected behind \"path\"")]
    [InlineData("a { path = ${nope}; }", 1, "variable \"nope\" not found")]
    [InlineData("a { b { } }", 1, "jails stand side by side: name this one \"parent.child\"")]
    [InlineData("a {", 1, "jail \"a\" has no \"}\"")]
    [InlineData("/* never ends", 1, "this comment has no end")]
    public void J40_an_error_says_where(string text, int line, string message)
    {
        var file = Configuration(text);
        Assert.StartsWith($"dragonet: {file}:{line}: {message}\n", HostTool.Run(Command.Path, ["jail", "-K", _kernel, "-f", file, "-c"], "/", s_limit).Error, StringComparison.Ordinal);
        File.Delete(file);
    }

    [Fact]
    public void A_program_runs_by_itself_and_is_stopped_and_removed()
    {
        Assert.Equal("svc\n", Run("run", "--name", "svc", "-d", "--", "sh", "-c", "echo up; exec sleep 1000"));
        while (!Run("logs", "-K", _kernel, "svc").Contains("up", StringComparison.Ordinal))
        {
            Thread.Yield();
        }

        Assert.Equal(1, HostTool.Run(Command.Path, ["rm", "-K", _kernel, "svc"], "/", s_limit).Status);
        Assert.Equal("svc\n", Run("stop", "-K", _kernel, "svc"));
        Assert.Equal("svc\n", Run("rm", "-K", _kernel, "svc"));
        Assert.Contains("processes        0\n", Run("census", "-K", _kernel), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_program_by_itself_held_is_given_back()
    {
        _ = Run("run", "--name", "svc", "-d", "--", "sh", "-c", "echo up");
        AwaitNothingLeft();
        Assert.Equal("up\n", Run("logs", "-K", _kernel, "svc"));
    }

    [Fact]
    public void What_a_program_held_whose_client_was_killed_is_given_back()
    {
        var start = new ProcessStartInfo(Command.Path, ["exec", "-K", _kernel, "0", "sh", "-c", "while :; do echo x; done"]) { RedirectStandardOutput = true };
        using var client = Process.Start(start)!;
        Assert.Equal("x", client.StandardOutput.ReadLine());
        client.Kill();
        client.WaitForExit();
        AwaitNothingLeft();
    }

    private void AwaitNothingLeft()
    {
        var watch = Stopwatch.StartNew();
        string left;
        do
        {
            left = Run("census", "-K", _kernel);
            Assert.True(watch.Elapsed < s_limit, left);
        }
        while (!left.Contains("processes        0\n", StringComparison.Ordinal) || !left.Contains("buffered.bytes   0\n", StringComparison.Ordinal));
    }

    [Fact]
    public void Nonsense_on_the_control_socket_harms_nobody_else()
    {
        var random = new Random(20261121);
        for (var round = 0; round < 300; round++)
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(ControlPaths.Of(_kernel).Socket));
            var bytes = new byte[random.Next(1, 200)];
            random.NextBytes(bytes);
            if (round % 3 > 0)
            {
                // A good head, then nonsense; or a real message with bytes changed.
                var body = round % 3 == 1 ? bytes : System.Text.Encoding.UTF8.GetBytes("{\"verb\":\"exec\",\"jail\":\"0\",\"settings\":[{\"name\":\"x\"}],\"exec\":{\"arguments\":[\"true\"],\"rows\":-5}}");
                body[random.Next(body.Length)] ^= (byte)random.Next(256);
                bytes = [(byte)random.Next(0, 10), .. BitConverter.GetBytes(body.Length), .. body];
            }

            try
            {
                _ = socket.Send(bytes);
            }
            catch (SocketException)
            {
                // It hung up on us: its right.
            }
        }

        Assert.Equal("still here\n", Run("jexec", "-K", _kernel, "0", "echo", "still here"));
    }

    private static string Configuration(string text)
    {
        var file = Path.Combine(Path.GetTempPath(), $"jail-{Guid.NewGuid():N}.conf");
        File.WriteAllText(file, text);
        return file;
    }

    private string Run(params string[] arguments)
    {
        if (arguments[0] == "run")
        {
            arguments = ["run", "--kernel", _kernel, .. arguments[1..]];
        }

        var outcome = HostTool.Run(Command.Path, arguments, "/", s_limit);
        Assert.True(outcome.Status == 0, $"{string.Join(' ', arguments)}: {outcome.Status} {outcome.Error}{File.ReadAllText(ControlPaths.Of(_kernel).Log)}");
        return outcome.Output;
    }
}
