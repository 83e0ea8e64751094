using System.Buffers.Binary;
using Dragonet.Abi;
using Xunit;

namespace Dragonet.Kernel.Tests.InProcess;

/// <summary>Virtual time: a day passes at once, and to the nanosecond.</summary>
public sealed class TimerTests
{
    [Fact]
    public void A_sleep_takes_exactly_its_time()
    {
        using var machine = new Machine();
        Assert.Equal(0, machine.Start(guest => guest.Sleep(TimeSpan.FromDays(1))));
        Assert.Equal(TimeSpan.FromDays(1), machine.Elapsed);
    }

    [Fact]
    public void Sleepers_wake_in_the_order_of_their_deadlines() => Machine.Run(guest =>
    {
        var order = new List<int>();
        foreach (var seconds in (int[])[3, 1, 2])
        {
            _ = guest.Fork(child =>
            {
                _ = child.Sleep(TimeSpan.FromSeconds(seconds));
                order.Add(seconds);
            });
        }

        while (guest.Wait().Pid > 0)
        {
        }

        Assert.Equal([1, 2, 3], order);
    });

    [Fact]
    public void An_interrupted_sleep_tells_what_is_left() => Machine.Run(guest =>
    {
        guest.Handle(Sig.ALRM, (_, _) => { });
        _ = guest.Call(Nr.alarm, 2);
        Assert.Equal((Libc.Failed(Errno.EINTR), TimeSpan.FromSeconds(8)), guest.Sleep(TimeSpan.FromSeconds(10)));
    });

    [Fact]
    public void An_alarm_without_handler_ends_the_process()
    {
        using var machine = new Machine();
        Assert.Equal(Sig.ALRM, machine.Start(guest =>
        {
            _ = guest.Call(Nr.alarm, 5);
            _ = guest.Pause();
        }));
        Assert.Equal(TimeSpan.FromSeconds(5), machine.Elapsed);
    }

    [Fact]
    public void An_interval_timer_fires_again_and_again() => Machine.Run(guest =>
    {
        var fired = 0;
        guest.Handle(Sig.ALRM, (_, _) => fired++);
        var interval = new byte[32]; // struct itimerval: the interval, then the first time, in seconds and microseconds
        BinaryPrimitives.WriteInt64LittleEndian(interval, 1);
        BinaryPrimitives.WriteInt64LittleEndian(interval.AsSpan(16), 3);
        _ = guest.Call(Nr.setitimer, 0, guest.Push(interval), 0);
        var start = guest.Now();
        while (fired < 4)
        {
            _ = guest.Pause();
        }

        Assert.Equal(TimeSpan.FromSeconds(3 + 3), guest.Now() - start);
    });

    [Fact]
    public void A_timerfd_counts_what_nobody_has_read() => Machine.Run(guest =>
    {
        var timer = (int)guest.Call(Nr.timerfd_create, (ulong)ClockId.CLOCK_MONOTONIC, 0);
        byte[] each = [.. Libc.Timespec(TimeSpan.FromSeconds(1)), .. Libc.Timespec(TimeSpan.FromSeconds(1))];
        _ = guest.Call(Nr.timerfd_settime, (ulong)timer, 0, guest.Push(each), 0);
        _ = guest.Sleep(TimeSpan.FromSeconds(3.5));
        Assert.Equal("\u0003\0\0\0\0\0\0\0", guest.Read(timer));
        _ = guest.Close(timer);
    });

    [Fact]
    public void A_cancelled_alarm_never_comes()
    {
        using var machine = new Machine();
        Assert.Equal(0, machine.Start(guest =>
        {
            _ = guest.Call(Nr.alarm, 5);
            Assert.Equal(5, guest.Call(Nr.alarm, 0));
        }));
        Assert.Equal(TimeSpan.Zero, machine.Elapsed);
    }
}
