using Dragonet.Platform;

namespace Dragonet.Kernel;

/// <summary>Which addresses of a process are locked (mlock(2)). What is unmapped later counts no more. Thread-safe.</summary>
public sealed class LockedRanges
{
    private readonly Lock _lock = new();
    private List<(ulong Start, ulong End)> _ranges = []; // guarded by _lock; apart from each other

    public void Add(ulong start, ulong end)
    {
        lock (_lock)
        {
            RemoveLocked(start, end);
            _ranges.Add((start, end));
        }
    }

    public void Remove(ulong start, ulong end)
    {
        lock (_lock)
        {
            RemoveLocked(start, end);
        }
    }

    /// <summary>Bytes that are locked and mapped, and those from <paramref name="start"/> to <paramref name="end"/>.</summary>
    public ulong CountWith(ulong start, ulong end, IReadOnlyList<VmRegion> regions)
    {
        var total = end - start;
        lock (_lock)
        {
            foreach (var (first, last) in _ranges)
            {
                foreach (var region in regions)
                {
                    var (low, high) = (Math.Max(first, region.Start), Math.Min(last, region.End));
                    if (low < high)
                    {
                        var (inLow, inHigh) = (Math.Max(low, start), Math.Min(high, end));
                        total += high - low - (inLow < inHigh ? inHigh - inLow : 0);
                    }
                }
            }
        }

        return total;
    }

    private void RemoveLocked(ulong start, ulong end)
    {
        if (_ranges.Count == 0)
        {
            return;
        }

        List<(ulong, ulong)> left = [];
        foreach (var (first, last) in _ranges)
        {
            if (first < Math.Min(last, start))
            {
                left.Add((first, Math.Min(last, start)));
            }

            if (Math.Max(first, end) < last)
            {
                left.Add((Math.Max(first, end), last));
            }
        }

        _ranges = left;
    }
}
