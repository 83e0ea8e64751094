using System.Diagnostics;
using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>A console with getty(8) and login(1) on it: somebody sits down at it with `dragonet console`, logs in, leaves and comes back.</summary>
public sealed class ConsoleTests
{
    private const string User = "PATH=/usr/sbin:/usr/bin:/sbin:/bin; useradd -u 4321 -m -s /bin/bash joe && echo joe:secret | chpasswd && echo \"PS1='ready> '\" >/home/joe/.profile";

    /// <summary>The key that leaves.</summary>
    private const string Leave = "send \\035\nexit 0\n";

    private const string LogIn = """
        expect leaves it
        send \r
        expect login: 
        send joe\r
        expect Password:
        send wrong\r
        expect Login incorrect
        expect login: 
        send joe\r
        expect Password:
        send secret\r
        expect ready> 

        """;

    /// <summary>K7: names, passwords, jobs, ^C, ^Z, the window's size; whoever comes back finds the session; logout brings the next prompt.</summary>
    [Fact]
    public void A_user_logs_in_at_the_kernels_console_leaves_comes_back_and_logs_out()
    {
        Require();
        using var kernel = new StandingKernel("--console", "login");
        _ = kernel.Run("jexec", "0", "sh", "-c", User);
        Talk(kernel, LogIn +
            """
            send echo is $(id -un) at $(tty) $(stty size)\r
            expect is joe at /dev/console 30 100
            expect ready> 
            send kept=yes; sh -c 'echo u""p; exec sleep 1000'\r
            expect up
            send \003
            expect ready> 
            send sh -c 'echo runn""ing; exec sleep 2000'\r
            expect running
            send \032
            expect Stopped
            send jobs; echo code $?\r
            expect sleep 2000
            expect code 0
            expect ready> 
            size 41 77
            send until [ "$(stty size)" = "41 77" ]; do sleep .1; done; echo res""ized\r
            expect resized
            expect ready> 

            """ + Leave, kernel.Name, "30 100");
        Talk(kernel,
            """
            expect ready> 
            send echo $kept; kill %1\r
            expect yes
            expect ready> 
            send logout\r
            expect login: 

            """ + Leave, kernel.Name, "30 100");
        // Who comes now sees the prompt, and nothing of the session that is over.
        using var next = Process.Start(new ProcessStartInfo(Command.Path, ["console", "-K", kernel.Name]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var seen = new char[8192];
        var text = new string(seen, 0, next.StandardOutput.Read(seen)); // all that is there is told at once
        Assert.EndsWith("login: ", text, StringComparison.Ordinal);
        next.Kill();
        Assert.DoesNotContain("ready>", text, StringComparison.Ordinal);
        Assert.Equal("", kernel.Run("jexec", "0", "sh", "-c", "ps -o pid= -u joe; true").Trim());
    }

    [Fact]
    public void A_jails_console_is_its_own_and_begins_and_ends_with_its_parameter()
    {
        Require();
        using var kernel = new StandingKernel();
        _ = kernel.Run("jail", "-c", "name=web", "path=/", "overlay", "persist", "console=login");
        _ = kernel.Run("jexec", "web", "sh", "-c", User);
        Talk(kernel, LogIn + "send echo i am $(id -u) in $(cat /proc/sys/kernel/hostname)\\r\nexpect i am 4321 in\nexpect ready> \n" + Leave, "web", "24 80");
        Assert.Contains("login", kernel.Run("jps", "web") + kernel.Run("jls", "-j", "web", "console"), StringComparison.Ordinal);
        Assert.Contains("No such device", kernel.Fail("jexec", "0", "sh", "-c", "exec 3<>/dev/console"), StringComparison.OrdinalIgnoreCase);

        // Another program: who sits there is told that the console is gone.
        _ = kernel.Run("jail", "-m", "name=web", "console=echo again; exec sleep 1000");
        Talk(kernel, "expect again\n" + Leave, "web", "24 80");
        kernel.RunUntil("sleep", "jps", "web");
        _ = kernel.Run("stop", "web");
        Thread.Sleep(500);
        Assert.DoesNotContain("sleep", kernel.Run("jps", "web"), StringComparison.Ordinal);
        _ = kernel.Run("jail", "-m", "name=web", "console=echo back; exec sleep 1000");
        Talk(kernel, "expect back\n" + Leave, "web", "24 80");
        _ = kernel.Run("jail", "-m", "name=web", "console=");
        kernel.RunUntil("[]", "jps", "web", "--json");
    }

    [Fact]
    public void What_has_no_terminal_types_all_the_same_and_a_program_that_is_missing_is_said()
    {
        using var kernel = new StandingKernel("--console", "cat -u");
        using var typist = Process.Start(new ProcessStartInfo(Command.Path, ["console", "-K", kernel.Name]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        typist.StandardInput.Write("typed blindly\n");
        typist.StandardInput.Close();
        Assert.Equal("typed blindly", typist.StandardOutput.ReadLine()); // the echo, and what cat says
        Assert.Equal("typed blindly", typist.StandardOutput.ReadLine());
        _ = kernel.Run("jail", "-c", "name=bare", "path=/dev", "persist", "console=login");
        using var reader = Process.Start(new ProcessStartInfo(Command.Path, ["console", "-K", kernel.Name, "bare"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Assert.Contains("/sbin/getty: no such program", reader.StandardOutput.ReadLine(), StringComparison.Ordinal);
        _ = kernel.Run("jail", "-r", "bare");
        Assert.True(reader.WaitForExit(TimeSpan.FromSeconds(30)), "the console outlives its jail");
        Assert.Contains("console: -e", kernel.Fail("console", "-e", "^^^", "bare"), StringComparison.Ordinal);
        typist.Kill();
    }

    /// <summary>jexec gives a program every key at once, and shows nothing that it does not show.</summary>
    [Fact]
    public void A_program_in_a_jail_has_our_terminal_key_by_key()
    {
        // No shell and no handler: a SIGINT that comes before the next command or call would be lost.
        using var kernel = new StandingKernel();
        Talk(kernel, "expect ready\nsend abc\nexpect got abc.\nsend \\003\nexit 130\n", "", "24 80",
            ["jexec", "-K", kernel.Name, "0", "perl", "-e", "system 'stty -echo -icanon'; $| = 1; print qq(ready\n); read STDIN, $x, 3; print qq(got $x.\n); sleep 1000"]);
    }

    private static void Require()
    {
        HostTool.Require("agetty", "util-linux");
        HostTool.Require("login", "login");
    }

    private static void Talk(StandingKernel kernel, string script, string name, string size, string[]? other = null)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, $"size {size}\n{script}");
            var environment = new Dictionary<string, string>
            {
                ["TERM"] = "xterm",
                ["DOTNET_ROOT"] = Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? "",
                ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "",
                ["HOME"] = "/",
                ["XDG_RUNTIME_DIR"] = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") ?? "",
            };
            string[] command = other ?? (name == kernel.Name ? ["console", name] : ["console", "-K", kernel.Name, name]);
            var outcome = HostTool.Run(GuestPrograms.Build("ptydrive"), [file, Command.Path, .. command], "/", TimeSpan.FromMinutes(2), environment);
            Assert.True(outcome.Status == 0, outcome.Output + outcome.Error);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
