namespace Dragonet.Net;

/// <summary>Half-open ranges of positions in a stream or packet, sorted and merged; at most <see cref="MaxRanges"/> of them.</summary>
internal sealed class RangeSet
{
    /// <summary>More holes than this are not remembered: what would make one more is dropped and must be sent again.</summary>
    public const int MaxRanges = 128;

    private readonly List<(long Start, long End)> _ranges = [];

    public int Count => _ranges.Count;

    public (long Start, long End) this[int index] => _ranges[index];

    /// <summary>Where the last range ends; 0 when there is none.</summary>
    public long End => _ranges.Count == 0 ? 0 : _ranges[^1].End;

    /// <summary>Adds a range.</summary>
    /// <param name="start">Where it begins.</param>
    /// <param name="end">Behind its last byte.</param>
    /// <param name="overlaps">True when parts of it were there.</param>
    /// <returns>False when there are too many ranges.</returns>
    public bool Add(long start, long end, out bool overlaps)
    {
        overlaps = false;
        var at = 0;
        while (at < _ranges.Count && _ranges[at].End < start)
        {
            at++;
        }

        var last = at;
        while (last < _ranges.Count && _ranges[last].Start <= end)
        {
            var range = _ranges[last++];
            overlaps |= range.Start < end && range.End > start;
            (start, end) = (Math.Min(start, range.Start), Math.Max(end, range.End));
        }

        if (last == at)
        {
            if (_ranges.Count == MaxRanges)
            {
                return false;
            }

            _ranges.Insert(at, (start, end));
            return true;
        }

        _ranges[at] = (start, end);
        _ranges.RemoveRange(at + 1, last - at - 1);
        return true;
    }

    /// <summary>The range that holds a position, or null.</summary>
    public (long Start, long End)? Find(long position)
    {
        foreach (var range in _ranges)
        {
            if (range.Start <= position && position < range.End)
            {
                return range;
            }
        }

        return null;
    }

    /// <summary>Takes the first range when it begins at a position or before.</summary>
    /// <returns>Where it ends, or the position itself.</returns>
    public long Swallow(long position)
    {
        while (_ranges.Count > 0 && _ranges[0].Start <= position)
        {
            position = Math.Max(position, _ranges[0].End);
            _ranges.RemoveAt(0);
        }

        return position;
    }

    public void Clear() => _ranges.Clear();
}
