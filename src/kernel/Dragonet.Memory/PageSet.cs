using System.Numerics;

namespace Dragonet.Memory;

/// <summary>Which pages of a file exist. Sparse: one word for every 64 pages that has one. Not thread-safe.</summary>
internal sealed class PageSet
{
    public const int PageSize = 4096;

    private Dictionary<long, ulong>? _words;
    private ulong _first;

    /// <summary>Number of pages.</summary>
    public long Count { get; private set; }

    /// <summary>How many pages from first to last (included) are missing.</summary>
    public long CountMissing(long first, long last)
    {
        long missing = 0;
        for (var word = first >> 6; word <= last >> 6; word++)
        {
            missing += BitOperations.PopCount(Mask(word, first, last) & ~Get(word));
        }

        return missing;
    }

    public void Add(long first, long last)
    {
        for (var word = first >> 6; word <= last >> 6; word++)
        {
            var old = Get(word);
            Set(word, old, old | Mask(word, first, last));
        }
    }

    /// <summary>Adds all pages of another set.</summary>
    public void Add(PageSet other)
    {
        foreach (var word in (long[])[0, .. other._words?.Keys.ToArray() ?? []])
        {
            var old = Get(word);
            Set(word, old, old | other.Get(word));
        }
    }

    /// <returns>How many were there.</returns>
    public long Remove(long first, long last)
    {
        var before = Count;
        if (last - first > 64L * 1024)
        {
            // Few words exist of a long range.
            foreach (var word in (long[])[0, .. _words?.Keys.ToArray() ?? []])
            {
                if (word >= first >> 6 && word <= last >> 6)
                {
                    var old = Get(word);
                    Set(word, old, old & ~Mask(word, first, last));
                }
            }

            return before - Count;
        }

        for (var word = first >> 6; word <= last >> 6; word++)
        {
            var old = Get(word);
            Set(word, old, old & ~Mask(word, first, last));
        }

        return before - Count;
    }

    /// <summary>The first page at or after <paramref name="from"/> and before <paramref name="end"/> that is there (or is not); <paramref name="end"/> when none.</summary>
    public long Find(long from, long end, bool present)
    {
        for (var page = from; page < end;)
        {
            var word = Get(page >> 6);
            var bits = (present ? word : ~word) >> (int)(page & 63);
            if (bits != 0)
            {
                return Math.Min(page + BitOperations.TrailingZeroCount(bits), end);
            }

            page = ((page >> 6) + 1) << 6;
            if (present && _words is null)
            {
                return end;
            }
        }

        return end;
    }

    private static ulong Mask(long word, long first, long last)
    {
        var mask = ulong.MaxValue;
        if (word == first >> 6)
        {
            mask &= ulong.MaxValue << (int)(first & 63);
        }

        if (word == last >> 6)
        {
            mask &= ulong.MaxValue >> (int)(63 - (last & 63));
        }

        return mask;
    }

    private ulong Get(long word) => word == 0 ? _first : _words is { } words && words.TryGetValue(word, out var bits) ? bits : 0;

    private void Set(long word, ulong old, ulong bits)
    {
        Count += BitOperations.PopCount(bits) - BitOperations.PopCount(old);
        if (word == 0)
        {
            _first = bits;
        }
        else if (bits == 0)
        {
            _ = _words?.Remove(word);
        }
        else if (bits != old)
        {
            (_words ??= [])[word] = bits;
        }
    }
}
