using Dragonet.Abi;
using Dragonet.Platform.InProcess;
using Xunit;

namespace Dragonet.Kernel.Tests.InProcess;

/// <summary>fork(2), wait(2), exit(2), vfork(2).</summary>
public sealed class ProcessTests
{
    [Fact]
    public void The_parent_gets_the_exit_status() => Machine.Run(guest =>
    {
        var pid = guest.Fork(child => child.Exit(7));
        Assert.Equal((pid, 7 << 8), guest.Wait());
    });

    [Fact]
    public void A_fork_copies_private_memory_and_shares_the_shared() => Machine.Run(guest =>
    {
        var (own, shared) = (guest.Map(4096), guest.Map(4096, Libc.SharedAnonymous));
        _ = guest.Fork(child =>
        {
            child.Store32(own, 1);
            child.Store32(shared, 2);
        });
        _ = guest.Wait();
        Assert.Equal((0, 2), (guest.Load32(own), guest.Load32(shared)));
    });

    [Fact]
    public void Without_children_there_is_nothing_to_wait_for()
        => Machine.Run(guest => Assert.Equal(Libc.Failed(Errno.ECHILD), guest.Wait().Pid));

    [Fact]
    public void WNOHANG_answers_zero_while_the_child_lives() => Machine.Run(guest =>
    {
        var pid = guest.Fork(child => child.Sleep(TimeSpan.FromSeconds(1)));
        Assert.Equal(0, guest.Wait(options: Libc.NoHang).Pid);
        _ = guest.Sleep(TimeSpan.FromSeconds(2));
        Assert.Equal(pid, guest.Wait(options: Libc.NoHang).Pid);
    });

    [Fact]
    public void A_wait_for_one_child_leaves_the_others() => Machine.Run(guest =>
    {
        var first = guest.Fork(child => child.Exit(1));
        var second = guest.Fork(child => child.Exit(2));
        Assert.Equal((second, 2 << 8), guest.Wait(second));
        Assert.Equal((first, 1 << 8), guest.Wait());
    });

    [Fact]
    public void A_zombie_keeps_its_number_until_it_is_waited_for() => Machine.Run(guest =>
    {
        var pid = guest.Fork(_ => { });
        _ = guest.Sleep(TimeSpan.FromSeconds(1));
        Assert.Equal(0, guest.Kill(pid, 0));
        _ = guest.Wait();
        Assert.Equal(Libc.Failed(Errno.ESRCH), guest.Kill(pid, 0));
    });

    [Fact]
    public void An_orphan_belongs_to_process_1() => Machine.Run(guest =>
    {
        var (reader, writer) = guest.Pipe();
        _ = guest.Fork(child => child.Fork(orphan =>
        {
            _ = orphan.Sleep(TimeSpan.FromSeconds(1));
            _ = orphan.Write(writer, $"{orphan.Call(Nr.getppid)}");
        }));
        _ = guest.Wait();
        Assert.Equal("1", guest.Read(reader));
    });

    [Fact]
    public void A_vfork_parent_waits_and_shares_its_memory() => Machine.Run(guest =>
    {
        var word = guest.Map(4096);
        _ = guest.Clone(Nr.vfork, child =>
        {
            child.Store32(word, 5);
            _ = child.Sleep(TimeSpan.FromSeconds(1));
        });
        Assert.Equal(5, guest.Load32(word));
    });

    [Fact]
    public void exit_group_ends_every_thread()
    {
        using var machine = new Machine();
        var status = machine.Start(guest =>
        {
            _ = guest.NewThread(thread => thread.Pause());
            _ = guest.NewThread(thread => thread.Exit(3));
            _ = guest.Pause();
        });
        Assert.Equal(3 << 8, status);
    }

    [Fact]
    public void A_program_that_waits_for_ever_is_seen_as_such()
    {
        using var machine = new Machine();
        Assert.Null(machine.Start(guest => guest.Pause()));
    }

    [Fact]
    public void A_failed_assertion_in_a_guest_fails_the_test()
    {
        using var machine = new Machine();
        var failure = Assert.Throws<GuestFailedException>(() => machine.Start(_ => throw new InvalidOperationException("in a guest")));
        Assert.Equal("in a guest", failure.Message);
    }

    [Fact]
    public void Kernels_live_side_by_side()
        => System.Threading.Tasks.Parallel.For(0, 8, seed => Machine.Run(guest => Assert.Equal(guest.Fork(_ => { }), guest.Wait().Pid)));

    [Fact]
    public void The_same_seed_gives_the_same_entropy()
    {
        static ulong Random(ulong seed)
        {
            using var machine = new Machine(seed);
            ulong random = 0;
            _ = machine.Start(guest =>
            {
                var buffer = guest.Push(new byte[8]);
                _ = guest.Call(Nr.getrandom, buffer, 8, 0);
                random = guest.Load(buffer);
            });
            return random;
        }

        Assert.Equal(Random(7), Random(7));
        Assert.NotEqual(Random(7), Random(8));
    }
}
