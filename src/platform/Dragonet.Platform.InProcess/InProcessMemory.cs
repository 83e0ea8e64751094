using Dragonet.Abi;

namespace Dragonet.Platform.InProcess;

/// <summary>Memory that guests share: pages of managed memory, made when they are first written.</summary>
internal sealed class InProcessMemory : IMemoryBacking
{
    internal const int PageSize = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, byte[]> _pages = []; // guarded by _lock, like _length
    private long _length;

    /// <inheritdoc/>
    public long Allocated
    {
        get
        {
            lock (_lock)
            {
                return (long)_pages.Count * PageSize;
            }
        }
    }

    /// <inheritdoc/>
    public int ReadAt(long offset, Span<byte> destination)
    {
        lock (_lock)
        {
            var count = (int)Math.Clamp(_length - offset, 0, destination.Length);
            for (var done = 0; done < count;)
            {
                var (page, at) = Math.DivRem(offset + done, PageSize);
                var part = destination.Slice(done, (int)Math.Min(count - done, PageSize - at));
                if (_pages.TryGetValue(page, out var bytes))
                {
                    bytes.AsSpan((int)at, part.Length).CopyTo(part);
                }
                else
                {
                    part.Clear();
                }

                done += part.Length;
            }

            return count;
        }
    }

    /// <inheritdoc/>
    public int WriteAt(long offset, ReadOnlySpan<byte> source)
    {
        lock (_lock)
        {
            for (var done = 0; done < source.Length;)
            {
                var (page, at) = Math.DivRem(offset + done, PageSize);
                var part = source.Slice(done, (int)Math.Min(source.Length - done, PageSize - at));
                if (!_pages.TryGetValue(page, out var bytes))
                {
                    _pages.Add(page, bytes = new byte[PageSize]);
                }

                part.CopyTo(bytes.AsSpan((int)at));
                done += part.Length;
            }

            _length = Math.Max(_length, offset + source.Length);
            return source.Length;
        }
    }

    /// <inheritdoc/>
    public int SetLength(long length)
    {
        lock (_lock)
        {
            if (length < _length)
            {
                ClearLocked(length, _length);
            }

            _length = length;
            return 0;
        }
    }

    /// <inheritdoc/>
    public int Discard(long offset, long length)
    {
        if (offset < 0 || length < 0)
        {
            return -(int)Errno.EINVAL;
        }

        lock (_lock)
        {
            ClearLocked(offset, Math.Min(_length, offset > long.MaxValue - length ? long.MaxValue : offset + length));
            return 0;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Managed memory: what nobody refers to goes by itself.
    }

    /// <summary>Whole pages go; the parts of pages at the ends become zeros.</summary>
    private void ClearLocked(long start, long end)
    {
        foreach (var (page, bytes) in _pages)
        {
            var first = page * PageSize;
            var (from, to) = (Math.Max(start - first, 0), Math.Min(end - first, PageSize));
            if (from == 0 && to == PageSize)
            {
                _ = _pages.Remove(page);
            }
            else if (from < to)
            {
                bytes.AsSpan((int)from, (int)(to - from)).Clear();
            }
        }
    }
}
