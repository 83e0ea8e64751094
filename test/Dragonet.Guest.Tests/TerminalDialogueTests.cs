using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>Interactive programs on a real terminal: the same dialogue (test/dialogue) with the host's bash and, through the command, with ours.</summary>
public sealed class TerminalDialogueTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);

    [Theory]
    [InlineData("bash", "host")]
    [InlineData("bash", "dragonet")]
    [InlineData("less", "host")]
    [InlineData("less", "dragonet")]
    public void The_dialogue_goes_as_written(string name, string where)
    {
        HostTool.Require("less", "less");
        string[] shell = ["bash", "--norc", "-i"];
        Talk(Path.Combine(Repository.Root, "test", "dialogue", name + ".txt"), where == "host" ? shell : [Command.Path, "run", "--", .. shell]);
    }

    [Fact]
    public void Without_a_terminal_of_its_own_the_program_has_none()
        => Script("expect not a tty\nexit 3\n", "-T", "--", "sh", "-c", "tty; exit 3");

    [Fact]
    public void With_a_terminal_its_status_and_its_stop_arrive()
        => Script("expect 24 80\nsend \\003\nexit 130\n", "-t", "--", "sh", "-c", "stty size; exec sleep 1000");

    [Fact]
    public void The_terminal_has_a_name()
        => Script("expect /dev/pts/\nexit 0\n", "--", "tty");

    /// <summary>login(1) as getty(8) starts it, with its own accounts, PAM modules and terminal.</summary>
    [Fact]
    public void A_user_logs_in_by_name_and_password()
    {
        HostTool.Require("login", "login");
        Script(
            """
            expect login: 
            send joe\r
            expect Password:
            send wrong\r
            expect Login incorrect
            expect login: 
            send joe\r
            expect Password:
            send secret\r
            expect $ 
            send echo $(id -un) $LOGNAME $(cat /proc/self/loginuid /proc/self/sessionid) $(tty)\r
            expect joe joe 43211 /dev/pts/
            send exit\r
            exit 0

            """, "-t", "--", "sh", "-c", "PATH=/usr/sbin:/usr/bin:/sbin:/bin; useradd -u 4321 -m -s /bin/sh joe; echo joe:secret | chpasswd; exec login");
    }

    private static void Script(string script, params string[] arguments)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, script);
            Talk(file, [Command.Path, "run", .. arguments]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static void Talk(string script, string[] command)
    {
        var environment = new Dictionary<string, string> { ["TERM"] = "xterm", ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "", ["HOME"] = "/", ["DOTNET_ROOT"] = Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? "" };
        var outcome = HostTool.Run(GuestPrograms.Build("ptydrive"), [script, .. command], "/", s_limit, environment);
        Assert.True(outcome.Status == 0, outcome.Output + outcome.Error);
    }
}
