using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;
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

    /// <summary>The jail that it is in goes just before its first instruction.</summary>
    [Fact]
    public void Who_is_killed_with_a_new_program_in_hand_is_gone_all_the_same()
    {
        using var machine = new Machine();
        var jail = machine.MakeJail("name=j", "persist");
        machine.Kernel.Trace = new CallingTrace(() => _ = machine.Kernel.Jails.Remove(jail));
        _ = machine.TrySpawn(jail, static guest => _ = guest.Pause());
        machine.Run();
        Assert.Empty(machine.Kernel.Jails.Dying);
        Assert.True(jail.IsGone);
    }

    /// <summary>Does something when the first call is answered: for a process from outside that is its program.</summary>
    private sealed class CallingTrace(Action then) : ITrace
    {
        public void OnResult(Task task, in SystemCall call, SysResult result) => then();

        public void OnSignal(Task task, int signal)
        {
            // Not what this is about.
        }

        public void OnExit(Task task, int status)
        {
            // Not what this is about.
        }
    }

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
