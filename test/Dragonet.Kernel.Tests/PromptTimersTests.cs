using Xunit;

namespace Dragonet.Kernel.Tests;

/// <summary>Deadlines that two threads wait for.</summary>
public sealed class PromptTimersTests
{
    [Fact]
    public void Each_callback_runs_once_and_one_at_a_time_in_the_order_of_the_deadlines()
    {
        using var world = new World();
        var (timers, clock) = (world.Kernel.PromptTimers, world.Clock);
        var begin = clock.MonotonicNanoseconds;
        var order = new List<int>();
        var (inside, together) = (0, 0);
        using var done = new CountdownEvent(1000);
        foreach (var number in Enumerable.Range(0, 1000).OrderBy(static number => number * 7919 % 1000))
        {
            timers.Add(begin + 1 + number, () =>
            {
                together += Interlocked.Increment(ref inside) - 1;
                order.Add(number);
                Thread.SpinWait(200); // the other thread has time to come
                _ = Interlocked.Decrement(ref inside);
                _ = done.Signal();
            });
        }

        Assert.Equal(1000, timers.Count);
        clock.Advance(500);
        clock.Advance(500);
        done.Wait(TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(0, 1000), order);
        Assert.Equal(0, together);
        Assert.Equal(0, timers.Count);
    }

    [Fact]
    public void An_earlier_deadline_wakes_who_sleeps_for_a_later_one()
    {
        using var world = new World();
        var (timers, clock) = (world.Kernel.PromptTimers, world.Clock);
        var begin = clock.MonotonicNanoseconds;
        using var early = new ManualResetEventSlim();
        var late = false;
        timers.Add(begin + 1000, () => late = true);
        timers.Add(begin, early.Set); // due at once: nobody moves the clock
        early.Wait(TestContext.Current.CancellationToken);
        Assert.False(late);
        Assert.Equal(1, timers.Count);
    }

    [Fact]
    public void A_callback_may_arm_the_next_one()
    {
        using var world = new World();
        var (timers, clock) = (world.Kernel.PromptTimers, world.Clock);
        var begin = clock.MonotonicNanoseconds;
        using var done = new ManualResetEventSlim();
        timers.Add(begin + 10, () => timers.Add(begin + 20, done.Set));
        clock.Advance(10);
        clock.Advance(10);
        done.Wait(TestContext.Current.CancellationToken);
        Assert.Equal(0, timers.Count);
    }
}
