using Xunit;

namespace Dragonet.Kernel.Tests;

/// <summary>Setting an interval timer, also while it expires.</summary>
public sealed class IntervalTimerTests
{
    [Fact]
    public void A_disarmed_timer_tells_nothing_any_more()
    {
        using var world = new World();
        using var telling = new ManualResetEventSlim();
        var told = false;
        var timer = new IntervalTimer(world.Kernel, overruns =>
        {
            telling.Set();
            for (var turns = 0; turns < 1000; turns++)
            {
                _ = Thread.Yield(); // time for the other thread to be wrong
            }

            Volatile.Write(ref told, true);
        });
        _ = timer.SetRelative(1, 0);
        world.Clock.Advance(2);
        telling.Wait(TestContext.Current.CancellationToken);
        _ = timer.Set(0, 0);
        Assert.True(Volatile.Read(ref told));
    }

    [Fact]
    public void What_is_told_may_set_the_timer_anew()
    {
        using var world = new World();
        using var told = new SemaphoreSlim(0);
        IntervalTimer? timer = null;
        timer = new IntervalTimer(world.Kernel, overruns =>
        {
            _ = timer!.SetRelative(1, 0);
            _ = told.Release();
        });
        _ = timer.SetRelative(1, 0);
        for (var i = 0; i < 3; i++)
        {
            world.Clock.Advance(2);
            told.Wait(TestContext.Current.CancellationToken);
        }
    }
}
