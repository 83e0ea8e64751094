using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>Bad input and the promises of the library, seen from outside.</summary>
public sealed class CommandTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Fact]
    public void A_missing_program_is_named()
    {
        using var kernel = DragonetKernel.Boot();
        var failure = Assert.Throws<ProgramException>(() => kernel.Start(new ProgramOptions { Arguments = ["no-such-program"] }));
        Assert.True(failure.IsMissing);
        Assert.Contains("no-such-program", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_program_is_refused()
    {
        using var kernel = DragonetKernel.Boot();
        var failure = Assert.Throws<ProgramException>(() => kernel.Start(new ProgramOptions { Arguments = ["/etc/passwd"] }));
        Assert.False(failure.IsMissing);
    }

    [Theory]
    [InlineData("exit 7", 7)]
    [InlineData("kill -TERM $$", 128 + 15)]
    [InlineData("true", 0)]
    public void The_status_is_the_program_s(string script, int expected)
        => Assert.Equal(expected, Run(script).Status);

    [Fact]
    public void Guests_write_to_the_system_and_the_host_does_not_see_it()
    {
        var mark = "dragonet-" + Guid.NewGuid().ToString("N");
        var outcome = Run($"echo hi >/etc/{mark} && cat /etc/{mark} && rm /etc/passwd && mv /usr/bin/env /usr/bin/env2 && echo done");
        Assert.Equal("hi\ndone\n", outcome.Output);
        Assert.False(File.Exists("/etc/" + mark));
        Assert.True(File.Exists("/etc/passwd"));
        Assert.True(File.Exists("/usr/bin/env"));
    }

    [Fact]
    public void Secrets_of_the_host_are_not_readable()
    {
        // The accounts' files are the guest's own: nobody has a password there.
        var outcome = Run("for f in $(find /etc -type f ! -perm -004 ! -name '*shadow*' ! -name .pwd.lock); do cat $f 2>/dev/null && echo $f; done; "
            + @"grep -v '^[^:]*:\*:::::::$' /etc/shadow; grep -v '^[^:]*:\*::$' /etc/gshadow");
        Assert.Equal("", outcome.Output);
    }

    [Fact]
    public void Users_can_be_added_and_changed_to()
        => Assert.Equal("joe joe\n", Run("useradd -m joe && su joe -c 'echo $(id -un) $(stat -c %U ~)'").Output);

    /// <summary>Each command in the list of all explains itself, in the same way whichever way it is asked.</summary>
    [Fact]
    public void Every_command_explains_itself()
    {
        var list = HostTool.Run(Command.Path, ["help"], "/", s_limit).Output.Split('\n');
        var names = list.Where(static line => line.StartsWith("  ", StringComparison.Ordinal) && line.Length > 2 && line[2] != ' ')
            .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0]).Where(static name => name != "dragonet").ToList();
        Assert.Contains("jail", names);
        foreach (var name in names)
        {
            var asked = HostTool.Run(Command.Path, [name, "--help"], "/", s_limit);
            Assert.Equal((0, ""), (asked.Status, asked.Error));
            Assert.Contains($"dragonet {name}", asked.Output, StringComparison.Ordinal);
            Assert.Equal(asked.Output, HostTool.Run(Command.Path, ["help", name], "/", s_limit).Output);
        }
    }

    [Fact]
    public void A_program_is_killed_when_its_time_is_over()
    {
        using var kernel = DragonetKernel.Boot();
        using var process = kernel.Start(new ProgramOptions { Arguments = ["/bin/sh", "-c", "while :; do :; done"], Timeout = TimeSpan.FromMilliseconds(300) });
        Assert.Equal(137, process.Wait().ShellCode);
        Assert.True(process.TimedOut);
    }

    [Fact]
    public void A_fork_bomb_meets_the_limit()
    {
        var outcome = GuestRunner.Run(
            new ProgramOptions { Arguments = ["/usr/bin/perl", "-e", "for (1..200) { my $p = fork(); if (!defined $p) { print $! + 0, qq(\\n); exit } sleep 1000 unless $p }"] },
            new KernelOptions { TaskLimit = 50 },
            s_limit);
        Assert.Equal("11\n", outcome.Output); // EAGAIN
    }

    [Fact]
    public void Standard_input_reaches_the_program()
    {
        using var kernel = DragonetKernel.Boot();
        using var process = kernel.Start(new ProgramOptions { Arguments = ["/bin/cat"], Input = GuestStream.Pipe, Output = GuestStream.Pipe });
        process.StandardInput.Write("some text\n"u8);
        process.StandardInput.Dispose();
        using var reader = new StreamReader(process.StandardOutput);
        Assert.Equal("some text\n", reader.ReadToEnd());
        Assert.Equal(0, process.Wait().ShellCode);
    }

    [Fact]
    public void Two_kernels_live_side_by_side()
    {
        using var first = DragonetKernel.Boot(new KernelOptions { HostName = "one" });
        using var second = DragonetKernel.Boot(new KernelOptions { HostName = "two" });
        foreach (var (kernel, name) in new[] { (first, "one"), (second, "two") })
        {
            using var process = kernel.Start(new ProgramOptions { Arguments = ["/bin/uname", "-n"], Output = GuestStream.Pipe });
            using var reader = new StreamReader(process.StandardOutput);
            Assert.Equal(name + "\n", reader.ReadToEnd());
        }
    }

    private static ProgramOutcome Run(string script)
        => GuestRunner.Run(new ProgramOptions { Arguments = ["/bin/sh", "-c", script] }, new KernelOptions(), s_limit);
}
