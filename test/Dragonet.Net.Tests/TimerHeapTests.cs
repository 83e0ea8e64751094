using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>A timer that never moves its deadline on must not stop the stack.</summary>
public class TimerHeapTests
{
    [Fact]
    public void A_timer_that_stays_due_is_taken_out()
    {
        var heap = new TimerHeap();
        var (stuck, good) = (new Stuck(), new Once { At = 2 });
        heap.Update(stuck);
        heap.Update(good);
        heap.RunDue(5);
        Assert.Equal(1, heap.Runaways);
        Assert.True(good.HasFired);
        Assert.Equal(0, heap.Count);
        Assert.Equal(long.MaxValue, heap.Next);
    }

    private sealed class Stuck : StackTimer
    {
        public override long Deadline => 1;

        public override void Fire()
        {
        }
    }

    private sealed class Once : StackTimer
    {
        public long At { get; set; }

        public bool HasFired { get; private set; }

        public override long Deadline => At;

        public override void Fire() => (HasFired, At) = (true, long.MaxValue);
    }
}
