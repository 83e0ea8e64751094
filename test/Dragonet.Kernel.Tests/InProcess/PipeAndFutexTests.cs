using Dragonet.Abi;
using Xunit;

namespace Dragonet.Kernel.Tests.InProcess;

/// <summary>pipe(7) and futex(2) between processes and threads.</summary>
public sealed class PipeAndFutexTests
{
    [Fact]
    public void A_reader_waits_for_the_writer() => Machine.Run(guest =>
    {
        var (reader, writer) = guest.Pipe();
        _ = guest.Fork(child =>
        {
            _ = child.Sleep(TimeSpan.FromSeconds(1));
            _ = child.Write(writer, "hello");
        });
        Assert.Equal("hello", guest.Read(reader));
    });

    [Fact]
    public void The_end_comes_when_the_last_writer_has_closed() => Machine.Run(guest =>
    {
        var (reader, writer) = guest.Pipe();
        _ = guest.Fork(child => child.Sleep(TimeSpan.FromSeconds(1)));
        _ = guest.Close(writer);
        var start = guest.Now();
        Assert.Equal("", guest.Read(reader));
        Assert.Equal(TimeSpan.FromSeconds(1), guest.Now() - start);
    });

    [Fact]
    public void A_writer_waits_for_room() => Machine.Run(guest =>
    {
        var (reader, writer) = guest.Pipe();
        _ = guest.Write(writer, new string('x', 65536));
        _ = guest.Fork(child =>
        {
            _ = child.Sleep(TimeSpan.FromSeconds(1));
            _ = child.Read(reader, 65536);
        });
        var start = guest.Now();
        Assert.Equal(1, guest.Write(writer, "y"));
        Assert.Equal(TimeSpan.FromSeconds(1), guest.Now() - start);
    });

    [Fact]
    public void Two_processes_play_ping_pong() => Machine.Run(guest =>
    {
        var (there, back) = (guest.Pipe(), guest.Pipe());
        _ = guest.Fork(child =>
        {
            for (var i = 0; i < 100; i++)
            {
                _ = child.Write(back.Write, child.Read(there.Read));
            }
        });
        for (var i = 0; i < 100; i++)
        {
            _ = guest.Write(there.Write, $"{i}");
            Assert.Equal($"{i}", guest.Read(back.Read));
        }
    });

    [Fact]
    public void poll_times_out_to_the_nanosecond() => Machine.Run(guest =>
    {
        var (reader, _) = guest.Pipe();
        var start = guest.Now();
        Assert.Equal(0, guest.Poll(reader, 250));
        Assert.Equal(TimeSpan.FromMilliseconds(250), guest.Now() - start);
    });

    [Fact]
    public void A_futex_wakes_as_many_as_asked() => Machine.Run(guest =>
    {
        var word = guest.Map(4096);
        var awake = 0;
        var threads = Enumerable.Range(0, 3).Select(_ => guest.NewThread(thread =>
        {
            Assert.Equal(0, thread.FutexWait(word, 0));
            awake++;
        })).ToList();
        _ = guest.Sleep(TimeSpan.FromSeconds(1));
        Assert.Equal(2, guest.FutexWake(word, 2));
        _ = guest.Sleep(TimeSpan.FromSeconds(1));
        Assert.Equal(2, awake);
        Assert.Equal(1, guest.FutexWake(word, 2));
        threads.ForEach(thread => guest.Join(thread.Word));
        Assert.Equal(3, awake);
    });

    [Fact]
    public void A_futex_with_another_value_is_EAGAIN()
        => Machine.Run(guest => Assert.Equal(Libc.Failed(Errno.EAGAIN), guest.FutexWait(guest.Map(4096), 1)));

    [Fact]
    public void A_futex_wait_times_out() => Machine.Run(guest =>
    {
        var start = guest.Now();
        Assert.Equal(Libc.Failed(Errno.ETIMEDOUT), guest.FutexWait(guest.Map(4096), 0, TimeSpan.FromDays(1)));
        Assert.Equal(TimeSpan.FromDays(1), guest.Now() - start);
    });

    [Fact]
    public void A_shared_futex_works_between_processes() => Machine.Run(guest =>
    {
        var word = guest.Map(4096, Libc.SharedAnonymous);
        _ = guest.Fork(child =>
        {
            child.Store32(word, 1);
            _ = child.FutexWake(word, 1);
        });
        while (guest.Load32(word) == 0)
        {
            _ = guest.FutexWait(word, 0);
        }
    });
}
