namespace Dragonet.Memory;

/// <summary>How many files show the same pages, which nobody writes. Thread-safe, without locks.</summary>
internal sealed class SharedBacking(bool mapped)
{
    private int _files = 1;
    private volatile bool _isMapped = mapped;

    /// <summary>Guests had the pages mapped at some time, and may still have.</summary>
    internal bool IsMapped => _isMapped;

    /// <summary>One file is left.</summary>
    internal bool IsAlone => Volatile.Read(ref _files) == 1;

    internal void SetMapped() => _isMapped = true;

    /// <summary>One more file; whoever calls is one of them.</summary>
    internal void Join() => Interlocked.Increment(ref _files);

    /// <summary>One file less.</summary>
    /// <returns>True for the last one, which frees the pages.</returns>
    internal bool Leave() => Interlocked.Decrement(ref _files) == 0;
}
