namespace Dragonet.Net;

/// <summary>Segments that are not acknowledged, oldest first, and how many bytes of them are thought to be where.</summary>
internal sealed class SentQueue
{
    /// <summary>Most segments on their way; a sender of tiny ones waits then.</summary>
    public const int MaxSegments = 8192;

    private SentSegment[] _ring = [];
    private int _head;

    public int Count { get; private set; }

    public bool IsFull => Count == MaxSegments;

    /// <summary>Bytes that the receiver has out of order.</summary>
    public long SackedBytes { get; private set; }

    /// <summary>Bytes that are to be sent again.</summary>
    public long LostBytes { get; private set; }

    public ref SentSegment this[int index] => ref _ring[(_head + index) & (_ring.Length - 1)];

    public void Add(in SentSegment segment)
    {
        if (Count == _ring.Length)
        {
            var larger = new SentSegment[Math.Max(8, 2 * _ring.Length)];
            for (var i = 0; i < Count; i++)
            {
                larger[i] = this[i];
            }

            _ring = larger;
            _head = 0;
        }

        Count++;
        this[Count - 1] = segment;
    }

    /// <summary>Drops the first one: it was acknowledged.</summary>
    public void RemoveFirst()
    {
        Forget(this[0]);
        _head = (_head + 1) & (_ring.Length - 1);
        if (--Count == 0 && _ring.Length > 64)
        {
            _ring = [];
            _head = 0;
        }
    }

    /// <summary>The beginning of the first one was acknowledged.</summary>
    public void TrimFirst(long position)
    {
        ref var first = ref this[0];
        var gone = position - first.Start;
        SackedBytes -= first.IsSacked ? gone : 0;
        LostBytes -= first.IsLost ? gone : 0;
        first.Start = position;
    }

    /// <summary>Makes two of one that has become too long for the path.</summary>
    public void Split(int index, long position)
    {
        var tail = this[index];
        tail.Start = position;
        this[index].End = position;
        Add(default);
        for (var i = Count - 1; i > index + 1; i--)
        {
            this[i] = this[i - 1];
        }

        this[index + 1] = tail;
    }

    /// <summary>The receiver has it.</summary>
    public void MarkSacked(int index)
    {
        ref var segment = ref this[index];
        Forget(segment);
        segment.IsSacked = true;
        segment.IsLost = false;
        SackedBytes += segment.Length;
    }

    /// <summary>It is to be sent again.</summary>
    public void MarkLost(int index)
    {
        ref var segment = ref this[index];
        if (!segment.IsLost)
        {
            Forget(segment);
            segment.IsSacked = false;
            segment.IsLost = true;
            LostBytes += segment.Length;
        }
    }

    /// <summary>It was sent again.</summary>
    public void MarkResent(int index, long now)
    {
        ref var segment = ref this[index];
        Forget(segment);
        segment.IsLost = false;
        segment.IsRetransmitted = true;
        segment.SentAt = now;
    }

    public void Clear()
    {
        _ring = [];
        _head = Count = 0;
        SackedBytes = LostBytes = 0;
    }

    private void Forget(in SentSegment segment)
    {
        SackedBytes -= segment.IsSacked ? segment.Length : 0;
        LostBytes -= segment.IsLost ? segment.Length : 0;
    }
}
