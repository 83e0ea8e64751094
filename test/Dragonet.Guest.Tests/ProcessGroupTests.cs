using System.Diagnostics;
using System.Globalization;
using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>
/// `dragonet run` as a member of a process group of the host: what is sent to the group reaches it as if the program ran there directly, although
/// it may have a session of its own.
/// </summary>
public sealed class ProcessGroupTests : IDisposable
{
    private const string Guest = """
        trap 'echo got' TERM INT HUP QUIT
        echo ready
        while :; do line=; read line; [ "$line" ] && echo "$line"; [ "$line" = end ] && exit 9; done
        """;

    // The group's leader outlives the signals. What is between it and us prints its number, which becomes the kernel's.
    private const string Leader = """
        trap : TERM INT HUP QUIT USR1 ALRM
        sh -c 'echo $$; exec "$@"' sh "$@"
        echo status $?
        """;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly Process _leader;
    private readonly int _kernel;

    /// <summary>The program runs when a test begins.</summary>
    public ProcessGroupTests()
    {
        HostTool.Require("setsid", "util-linux");
        HostTool.Require("kill", "procps");
        _leader = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", Leader, "sh", Command.Path, "run", "--", "sh", "-c", Guest]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        _kernel = int.Parse(_leader.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
        Expect("ready");
    }

    [Fact]
    public void The_kernel_has_a_session_of_its_own_where_the_host_schedules_sessions()
    {
        const string setting = "/proc/sys/kernel/sched_autogroup_enabled";
        Assert.SkipUnless(File.Exists(setting) && File.ReadAllText(setting) == "1\n", "the host schedules no sessions");
        Assert.Equal(_kernel.ToString(CultureInfo.InvariantCulture), Look(_kernel)[3]);
        Assert.NotEqual(0, Deputy());
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    [InlineData("HUP")]
    [InlineData("QUIT")]
    public void Signals_to_the_group_reach_the_program_once(string signal)
    {
        Send(signal, -_leader.Id);
        Expect("got");
        End();
    }

    [Fact]
    public void Signals_to_the_kernel_alone_reach_the_program_once()
    {
        Send("TERM", _kernel);
        Expect("got");
        End();
    }

    [Theory]
    [InlineData("USR1", 128 + 10)]
    [InlineData("ALRM", 128 + 14)]
    public void Signals_that_nobody_takes_end_it(string signal, int status)
    {
        Send(signal, -_leader.Id);
        Expect($"status {status}");
        AssertNothingIsLeft();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void SIGKILL_to_the_group_ends_all_of_it(bool stopped)
    {
        if (stopped)
        {
            Send("STOP", -_leader.Id);
            Until(() => Look(_kernel)[0] == "T");
        }

        Send("KILL", -_leader.Id);
        AssertNothingIsLeft();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_kills_the_kernel_alone_leaves_nothing(bool stopped)
    {
        if (stopped)
        {
            Send("STOP", Deputy() is > 0 and var deputy ? deputy : _kernel);
            Until(() => Look(_kernel)[0] == "T");
        }

        Send("KILL", _kernel);
        Expect("status 137");
        AssertNothingIsLeft();
    }

    [Fact]
    public void Who_kills_what_is_in_its_place_kills_the_kernel()
    {
        Assert.SkipUnless(Deputy() > 0, "the kernel is in the group itself");
        Send("KILL", Deputy());
        Expect("status 137");
        AssertNothingIsLeft();
    }

    [Fact]
    public void A_group_that_is_stopped_stops_the_kernel_until_it_is_continued()
    {
        Send("STOP", -_leader.Id);
        Until(() => Look(_kernel)[0] == "T");
        Send("CONT", -_leader.Id);
        Until(() => Look(_kernel)[0] != "T");
        End();
    }

    [Fact]
    public void However_fast_a_group_is_stopped_and_continued_in_the_end_it_runs()
    {
        var outcome = HostTool.Run("sh", ["-c", "i=0; while [ $i -lt 300 ]; do kill -s STOP -- -$0; kill -s CONT -- -$0; i=$((i + 1)); done", _leader.Id.ToString(CultureInfo.InvariantCulture)], "/", s_limit);
        Assert.Equal((0, ""), (outcome.Status, outcome.Error));
        End();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var process in (ReadOnlySpan<int>)[-_leader.Id, _kernel])
        {
            _ = HostTool.Run("kill", ["-s", "KILL", "--", process.ToString(CultureInfo.InvariantCulture)], "/", s_limit);
        }

        _leader.Dispose();
    }

    private static void Send(string signal, int process)
    {
        var outcome = HostTool.Run("kill", ["-s", signal, "--", process.ToString(CultureInfo.InvariantCulture)], "/", s_limit);
        Assert.Equal((0, ""), (outcome.Status, outcome.Error));
    }

    private static void Until(Func<bool> condition)
    {
        for (var watch = Stopwatch.StartNew(); !condition();)
        {
            Assert.True(watch.Elapsed < s_limit);
        }
    }

    /// <summary>State, parent, process group, session (proc_pid_stat(5)); "X" for one that has gone.</summary>
    private static string[] Look(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[..4];
        }
        catch (IOException)
        {
            return ["X", "", "", ""];
        }
    }

    private static bool IsAlive(string[] process) => process[0] is not ("X" or "Z");

    private static IEnumerable<int> Processes()
        => Directory.GetDirectories("/proc").Select(static path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out var pid) ? pid : 0).Where(static pid => pid > 0);

    /// <summary>The kernel's child in the group; 0 when there is none, as where the kernel is in it itself.</summary>
    private int Deputy()
        => Processes().FirstOrDefault(pid => Look(pid) is [_, var parent, var group, _] && parent == _kernel.ToString(CultureInfo.InvariantCulture) && group == _leader.Id.ToString(CultureInfo.InvariantCulture));

    private void Expect(string line)
    {
        var read = _leader.StandardOutput.ReadLineAsync();
        Assert.True(read.Wait(s_limit, TestContext.Current.CancellationToken), $"'{line}' did not come");
        Assert.Equal(line, read.Result);
    }

    private void End()
    {
        _leader.StandardInput.WriteLine("end");
        Expect("end");
        Expect("status 9");
        AssertNothingIsLeft();
    }

    private void AssertNothingIsLeft()
    {
        var rest = _leader.StandardOutput.ReadToEndAsync();
        Assert.True(rest.Wait(s_limit, TestContext.Current.CancellationToken), "somebody still has the output");
        Assert.Equal("", rest.Result);
        Assert.True(_leader.WaitForExit(s_limit));
        var group = _leader.Id.ToString(CultureInfo.InvariantCulture);
        Until(() => !IsAlive(Look(_kernel)) && !Processes().Any(pid => Look(pid) is var process && process[2] == group && IsAlive(process)));
    }
}
