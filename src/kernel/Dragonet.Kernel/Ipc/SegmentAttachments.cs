namespace Dragonet.Kernel;

/// <summary>Which shared memory segments an address space has attached, or had: what is mapped now, the host knows. Thread-safe.</summary>
public sealed class SegmentAttachments
{
    private readonly Lock _lock = new();
    private HashSet<SharedSegment>? _segments; // guarded by _lock

    /// <summary>True when it never attached anything, or nothing is left.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_lock)
            {
                return _segments is not { Count: > 0 };
            }
        }
    }

    /// <summary>shmat(2).</summary>
    public void Add(SharedSegment segment)
    {
        lock (_lock)
        {
            _ = (_segments ??= []).Add(segment);
        }
    }

    /// <summary>Its last mapping is gone.</summary>
    public void Remove(SharedSegment segment)
    {
        lock (_lock)
        {
            _ = _segments?.Remove(segment);
        }
    }

    public bool Contains(SharedSegment segment)
    {
        lock (_lock)
        {
            return _segments?.Contains(segment) ?? false;
        }
    }

    /// <summary>The segment behind a mapping, or null.</summary>
    public SharedSegment? Find(Platform.IMemoryBacking backing)
    {
        lock (_lock)
        {
            return _segments?.FirstOrDefault(segment => ReferenceEquals(segment.Backing, backing));
        }
    }

    /// <summary>fork: the child has the same mappings.</summary>
    internal SegmentAttachments Copy()
    {
        var copy = new SegmentAttachments();
        lock (_lock)
        {
            copy._segments = _segments is { Count: > 0 } ? [.. _segments] : null;
        }

        return copy;
    }

    internal IReadOnlyCollection<SharedSegment> TakeAll()
    {
        lock (_lock)
        {
            var all = _segments;
            _segments = null;
            return all is null ? [] : all;
        }
    }
}
