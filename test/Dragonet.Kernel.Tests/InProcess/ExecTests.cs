using Dragonet.Abi;
using Xunit;

namespace Dragonet.Kernel.Tests.InProcess;

/// <summary>execve(2).</summary>
public sealed class ExecTests
{
    [Fact]
    public void The_program_gets_its_arguments_and_the_process_stays()
    {
        using var machine = new Machine();
        machine.AddProgram("/child", guest => guest.Exit(guest.Arguments is ["child", "a b", ""] && guest.Pid() == 2 ? 0 : 1));
        Assert.Equal(0, machine.Start(guest => guest.Execute("/child", "child", "a b", "")));
    }

    [Fact]
    public void A_failed_exec_leaves_the_old_program() => Machine.Run(guest =>
    {
        Assert.Equal(Libc.Failed(Errno.ENOENT), guest.Execute("/nothing"));
        Assert.Equal(Libc.Failed(Errno.EACCES), guest.Execute("/"));
        Assert.Equal(2, guest.Pid());
    });

    [Fact]
    public void Close_on_exec_closes()
    {
        using var machine = new Machine();
        machine.AddProgram("/child", guest => guest.Exit(guest.Read(0) == "EBADF" && guest.Read(2) == "kept" ? 0 : 1));
        Assert.Equal(0, machine.Start(guest =>
        {
            _ = guest.Pipe(OpenFlags.O_CLOEXEC);
            var (_, writer) = guest.Pipe();
            _ = guest.Write(writer, "kept");
            _ = guest.Execute("/child");
        }));
    }

    [Fact]
    public void Handlers_go_and_ignored_signals_stay_ignored()
    {
        using var machine = new Machine();
        machine.AddProgram("/child", guest =>
        {
            _ = guest.Kill(guest.Pid(), Sig.USR1);
            _ = guest.Kill(guest.Pid(), Sig.USR2);
        });
        Assert.Equal(Sig.USR2, machine.Start(guest =>
        {
            guest.Ignore(Sig.USR1);
            guest.Handle(Sig.USR2, (_, _) => { });
            _ = guest.Execute("/child");
        }));
    }

    [Fact]
    public void Only_the_thread_that_execs_survives()
    {
        using var machine = new Machine();
        machine.AddProgram("/child", guest => guest.Exit(guest.Call(Nr.gettid) == guest.Pid() ? 0 : 1));
        Assert.Equal(0, machine.Start(guest =>
        {
            _ = guest.NewThread(thread => thread.Execute("/child"));
            _ = guest.Pause();
        }));
    }

    [Fact]
    public void A_vfork_parent_continues_when_the_child_execs()
    {
        using var machine = new Machine();
        machine.AddProgram("/child", guest => guest.Sleep(TimeSpan.FromHours(1)));
        Assert.Equal(0, machine.Start(guest =>
        {
            _ = guest.Clone(Nr.vfork, child => child.Execute("/child"));
            Assert.Equal(0, guest.Wait(options: Libc.NoHang).Pid);
        }));
    }
}
