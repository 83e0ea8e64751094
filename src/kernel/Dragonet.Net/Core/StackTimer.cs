namespace Dragonet.Net;

/// <summary>Something that wants to be called at a time. It sits in the stack's <see cref="TimerHeap"/> at most once.</summary>
internal abstract class StackTimer
{
    /// <summary>When it is to be called, or <see cref="long.MaxValue"/>.</summary>
    public abstract long Deadline { get; }

    /// <summary>Its place in the heap, or -1.</summary>
    internal int HeapIndex { get; set; } = -1;

    /// <summary>The time it is sorted by: at or before the deadline.</summary>
    internal long HeapTime { get; set; }

    /// <summary>The deadline has come.</summary>
    public abstract void Fire();
}
