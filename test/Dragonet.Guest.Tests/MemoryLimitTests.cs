using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>-m bounds all guests together; test/guest/bomb.c tries to get more in every way there is.</summary>
[Collection(typeof(AloneCollection))]
public sealed class MemoryLimitTests
{
    private const long Limit = 128L << 20;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData("one", "mmap: 12 ENOMEM")]       // a process by itself meets its own limit first
    [InlineData("tmpfs", "write: 28 ENOSPC")]
    [InlineData("memfd", "write: 28 ENOSPC")]
    [InlineData("pipes", "pipe: 23 ENFILE")]       // buffers are a page each once they are a quarter of the memory; at a half there are no more
    [InlineData("sockets", "socketpair: 105 ENOBUFS")]
    [InlineData("datagrams", "write: 105 ENOBUFS")]
    [InlineData("many", "killed: most")]
    public void A_bomb_is_told(string kind, string answer)
    {
        var (outcome, _) = Run($"/guest/bomb {kind}; echo alive");
        Assert.Equal($"{answer}\nalive\n", outcome.Output);
    }

    [Theory]
    [InlineData("shared")] // memory that no call asked the kernel for
    [InlineData("mapped")]
    public void A_bomb_that_nobody_can_tell_is_killed(string kind)
    {
        var (outcome, log) = Run($"/guest/bomb {kind} 2>/dev/null; echo $?; dmesg | grep -c 'Out of memory: Killed process [0-9]* (bomb)'");
        Assert.Equal("137\n1\n", outcome.Output);
        Assert.Single(log, line => line.StartsWith("Out of memory: Killed process", StringComparison.Ordinal));
    }

    [Fact]
    public void The_adjustment_decides_who_is_killed()
    {
        // The larger one is protected; proc_pid_oom_score_adj(5).
        const string script = """
            (echo -1000 >/proc/self/oom_score_adj; exec /guest/bomb hold 60) & precious=$!
            (echo 500 >/proc/self/oom_score_adj; exec /guest/bomb hold 20) & cheap=$!
            /guest/bomb hold 60 & wait $cheap; echo $?; cat /proc/$precious/oom_score
            """;
        Assert.Equal("137\n0\n", Run(script).Outcome.Output);
    }

    private static (ProgramOutcome Outcome, List<string> Log) Run(string script)
    {
        var binary = GuestPrograms.Build("bomb");
        var log = new List<string>();
        var outcome = GuestRunner.Run(
            new ProgramOptions { Arguments = ["/bin/bash", "-c", script] },
            new KernelOptions { MemoryLimit = Limit, Volumes = [new Volume(Path.GetDirectoryName(binary)!, "/guest", ReadOnly: true)], Log = log.Add },
            s_limit);
        return (outcome, log);
    }
}
