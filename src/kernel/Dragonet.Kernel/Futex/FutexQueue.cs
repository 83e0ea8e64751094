namespace Dragonet.Kernel;

/// <summary>The waiters of one futex, oldest first. Guarded by the table's lock.</summary>
internal sealed class FutexQueue
{
    private FutexWaiter? _last;

    public FutexWaiter? First { get; private set; }

    public bool IsEmpty => First is null;

    public void Add(FutexWaiter waiter)
    {
        waiter.Previous = _last;
        waiter.Next = null;
        waiter.List = this;
        if (_last is null)
        {
            First = waiter;
        }
        else
        {
            _last.Next = waiter;
        }

        _last = waiter;
    }

    public void Remove(FutexWaiter waiter)
    {
        if (waiter.Previous is null)
        {
            First = waiter.Next;
        }
        else
        {
            waiter.Previous.Next = waiter.Next;
        }

        if (waiter.Next is null)
        {
            _last = waiter.Previous;
        }
        else
        {
            waiter.Next.Previous = waiter.Previous;
        }

        waiter.List = null;
    }
}
