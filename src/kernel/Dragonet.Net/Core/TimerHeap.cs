namespace Dragonet.Net;

/// <summary>
/// Timers by deadline. A deadline that moves into the future leaves the timer where it is: when it comes to the top it is sorted
/// in anew. So the retransmission timer, which moves with each segment, costs nothing.
/// </summary>
internal sealed class TimerHeap
{
    private const int MaxRepeats = 1000;

    private readonly List<StackTimer> _heap = [];

    /// <summary>Timers that were due again and again at one time, and taken out: a mistake of theirs, which must not stop the stack.</summary>
    public long Runaways { get; private set; }

    /// <summary>Timers in it.</summary>
    public int Count => _heap.Count;

    /// <summary>When <see cref="RunDue"/> is to be called next; may be too early.</summary>
    public long Next => _heap.Count == 0 ? long.MaxValue : _heap[0].HeapTime;

    /// <summary>Takes note of a timer's deadline.</summary>
    public void Update(StackTimer timer)
    {
        var deadline = timer.Deadline;
        if (timer.HeapIndex >= 0)
        {
            if (deadline < timer.HeapTime)
            {
                timer.HeapTime = deadline;
                Up(timer.HeapIndex);
            }
        }
        else if (deadline != long.MaxValue)
        {
            timer.HeapTime = deadline;
            timer.HeapIndex = _heap.Count;
            _heap.Add(timer);
            Up(timer.HeapIndex);
        }
    }

    /// <summary>Takes a timer out.</summary>
    public void Remove(StackTimer timer)
    {
        var index = timer.HeapIndex;
        if (index < 0)
        {
            return;
        }

        var last = _heap[^1];
        _heap.RemoveAt(_heap.Count - 1);
        timer.HeapIndex = -1;
        if (last != timer)
        {
            Place(last, index);
            Up(index);
            Down(last.HeapIndex);
        }
    }

    /// <summary>Takes all of them out.</summary>
    public void Clear()
    {
        _heap.ForEach(static timer => timer.HeapIndex = -1);
        _heap.Clear();
    }

    /// <summary>Calls what is due.</summary>
    public void RunDue(long now)
    {
        var repeats = 0;
        while (_heap.Count > 0 && _heap[0].HeapTime <= now)
        {
            var timer = _heap[0];
            if (timer.Deadline <= now)
            {
                Remove(timer);
                timer.Fire();
                if (timer.Deadline <= now && ++repeats > MaxRepeats)
                {
                    Remove(timer);
                    Runaways++;
                }
                else
                {
                    Update(timer);
                }
            }
            else if (timer.Deadline == long.MaxValue)
            {
                Remove(timer);
            }
            else
            {
                timer.HeapTime = timer.Deadline;
                Down(0);
            }
        }
    }

    private void Place(StackTimer timer, int index)
    {
        _heap[index] = timer;
        timer.HeapIndex = index;
    }

    private void Up(int index)
    {
        var timer = _heap[index];
        while (index > 0 && _heap[(index - 1) / 2].HeapTime > timer.HeapTime)
        {
            Place(_heap[(index - 1) / 2], index);
            index = (index - 1) / 2;
        }

        Place(timer, index);
    }

    private void Down(int index)
    {
        var timer = _heap[index];
        while (true)
        {
            var child = 2 * index + 1;
            if (child + 1 < _heap.Count && _heap[child + 1].HeapTime < _heap[child].HeapTime)
            {
                child++;
            }

            if (child >= _heap.Count || _heap[child].HeapTime >= timer.HeapTime)
            {
                break;
            }

            Place(_heap[child], index);
            index = child;
        }

        Place(timer, index);
    }
}
