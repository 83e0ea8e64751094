using Dragonet.Abi;
using Xunit;

namespace Dragonet.Kernel.Tests.InProcess;

/// <summary>signal(7).</summary>
public sealed class SignalTests
{
    [Fact]
    public void A_handler_runs_before_kill_returns_to_its_caller() => Machine.Run(guest =>
    {
        var seen = 0;
        guest.Handle(Sig.USR1, (_, signal) => seen = signal);
        _ = guest.Kill(guest.Pid(), Sig.USR1);
        Assert.Equal(Sig.USR1, seen);
    });

    [Fact]
    public void A_signal_interrupts_a_read() => Machine.Run(guest =>
    {
        var (reader, _) = guest.Pipe();
        guest.Handle(Sig.ALRM, (_, _) => { });
        _ = guest.Call(Nr.alarm, 1);
        Assert.Equal("EINTR", guest.Read(reader));
    });

    [Fact]
    public void SA_RESTART_makes_the_read_again() => Machine.Run(guest =>
    {
        var (reader, writer) = guest.Pipe();
        guest.Handle(Sig.ALRM, (handler, _) => handler.Write(writer, "from the handler"), Sig.Restart);
        _ = guest.Call(Nr.alarm, 1);
        Assert.Equal("from the handler", guest.Read(reader));
    });

    [Fact]
    public void A_blocked_signal_waits_until_it_is_unblocked() => Machine.Run(guest =>
    {
        var seen = 0;
        guest.Handle(Sig.USR1, (_, _) => seen++);
        guest.ChangeMask(0, Sig.USR1);
        _ = guest.Kill(guest.Pid(), Sig.USR1);
        _ = guest.Kill(guest.Pid(), Sig.USR1);
        Assert.Equal(0, seen);
        guest.ChangeMask(1, Sig.USR1);
        Assert.Equal(1, seen); // standard signals do not queue
    });

    [Fact]
    public void Handlers_nest() => Machine.Run(guest =>
    {
        var order = new List<string>();
        guest.Handle(Sig.USR2, (_, _) => order.Add("inner"));
        guest.Handle(Sig.USR1, (handler, signal) =>
        {
            order.Add("outer");
            _ = handler.Kill(handler.Pid(), Sig.USR2);
            order.Add("outer again");
        });
        _ = guest.Kill(guest.Pid(), Sig.USR1);
        Assert.Equal(["outer", "inner", "outer again"], order);
    });

    [Fact]
    public void SIGKILL_ends_a_process_that_waits() => Machine.Run(guest =>
    {
        var pid = guest.Fork(child => child.Pause());
        _ = guest.Kill(pid, Sig.KILL);
        Assert.Equal((pid, Sig.KILL), guest.Wait());
    });

    [Fact]
    public void A_stopped_process_stands_still_until_SIGCONT() => Machine.Run(guest =>
    {
        var word = guest.Map(4096, Libc.SharedAnonymous);
        var pid = guest.Fork(child =>
        {
            _ = child.Sleep(TimeSpan.FromSeconds(1));
            child.Store32(word, 1);
        });
        _ = guest.Kill(pid, Sig.STOP);
        Assert.Equal((pid, (Sig.STOP << 8) | 0x7f), guest.Wait(options: Libc.Untraced));
        _ = guest.Sleep(TimeSpan.FromSeconds(5));
        Assert.Equal(0, guest.Load32(word));
        _ = guest.Kill(pid, Sig.CONT);
        Assert.Equal((pid, 0xffff), guest.Wait(options: Libc.Continued));
        Assert.Equal((pid, 0), guest.Wait());
        Assert.Equal(1, guest.Load32(word));
    });

    [Fact]
    public void The_end_of_a_child_is_SIGCHLD() => Machine.Run(guest =>
    {
        var seen = 0;
        guest.Handle(Sig.CHLD, (_, _) => seen++);
        _ = guest.Fork(_ => { });
        _ = guest.Pause();
        Assert.Equal(1, seen);
    });

    [Fact]
    public void A_bad_address_is_SIGSEGV() => Machine.Run(guest =>
    {
        var pid = guest.Fork(child => child.Load(0x1000));
        Assert.Equal((pid, Sig.SEGV), guest.Wait());
    });

    [Fact]
    public void A_handler_of_SIGSEGV_may_map_the_page() => Machine.Run(guest =>
    {
        const ulong page = 0x2000_0000;
        guest.Handle(Sig.SEGV, (handler, _) => handler.Call(Nr.mmap, page, 4096, 3, Libc.PrivateAnonymous | 0x10, ulong.MaxValue, 0));
        guest.Store32(page, 9);
        Assert.Equal(9, guest.Load32(page));
    });

    [Fact]
    public void A_pipe_without_reader_is_SIGPIPE() => Machine.Run(guest =>
    {
        var (reader, writer) = guest.Pipe();
        _ = guest.Close(reader);
        var pid = guest.Fork(child => child.Write(writer, "x"));
        Assert.Equal((pid, Sig.PIPE), guest.Wait());
        guest.Ignore(Sig.PIPE);
        Assert.Equal(Libc.Failed(Errno.EPIPE), guest.Write(writer, "x"));
    });

    [Fact]
    public void sigtimedwait_takes_the_signal_or_times_out() => Machine.Run(guest =>
    {
        guest.ChangeMask(0, Sig.USR1);
        var (set, time) = (guest.Push(BitConverter.GetBytes(Sig.Bit(Sig.USR1))), guest.Push(Libc.Timespec(TimeSpan.FromSeconds(3))));
        Assert.Equal(Libc.Failed(Errno.EAGAIN), guest.Call(Nr.rt_sigtimedwait, set, 0, time, 8));
        _ = guest.Kill(guest.Pid(), Sig.USR1);
        Assert.Equal(Sig.USR1, guest.Call(Nr.rt_sigtimedwait, set, 0, time, 8));
    });
}
