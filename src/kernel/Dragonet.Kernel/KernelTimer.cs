namespace Dragonet.Kernel;

/// <summary>One armed timer. Made by <see cref="TimerQueue.Add"/>.</summary>
public sealed class KernelTimer
{
    private readonly TimerQueue _queue;

    internal KernelTimer(TimerQueue queue, long deadline, Action callback)
    {
        _queue = queue;
        Deadline = deadline;
        Callback = callback;
    }

    /// <summary>When it fires, in monotonic nanoseconds.</summary>
    public long Deadline { get; }

    internal Action Callback { get; private set; }

    internal bool Cancelled { get; private set; }

    /// <summary>It will not fire. A cancelled timer stays in the queue for a while: what its callback holds must not.</summary>
    internal void Forget()
    {
        Cancelled = true;
        Callback = static () => { };
    }

    /// <summary>It fires now.</summary>
    internal Action Take()
    {
        var callback = Callback;
        Forget();
        return callback;
    }

    /// <summary>Takes it out. Its callback may be running at this moment, but will not start later.</summary>
    public void Cancel() => _queue.Cancel(this);
}
