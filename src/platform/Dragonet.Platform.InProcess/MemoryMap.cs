using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Platform.InProcess;

/// <summary>
/// Mappings and the pages behind them. A private page comes into being when it is first touched: as zeros, or as a copy of its backing.
/// A shared page has no bytes of its own. Not thread-safe: <see cref="InProcessSpace"/> locks.
/// </summary>
internal sealed class MemoryMap
{
    private const ulong PageSize = InProcessMemory.PageSize;
    private const ulong Lowest = 0x1_0000; // vm.mmap_min_addr

    private readonly SortedList<ulong, MemoryRegion> _regions = [];
    private readonly Dictionary<ulong, byte[]> _pages = [];

    /// <summary>Held by whoever uses the map.</summary>
    internal Lock Lock { get; } = new();

    /// <summary>Where the break is and where it began (brk(2)).</summary>
    internal (ulong Start, ulong End) Break { get; private set; } = (0x6000_0000_0000, 0x6000_0000_0000);

    internal IEnumerable<MemoryRegion> Regions => _regions.Values;

    /// <summary>Private bytes in being.</summary>
    internal long Resident => _pages.Count * (long)PageSize;

    /// <summary>What fork(2) does: private pages are copied, shared ones stay shared.</summary>
    internal MemoryMap Copy()
    {
        var copy = new MemoryMap { Break = Break };
        foreach (var (start, region) in _regions)
        {
            copy._regions.Add(start, region);
        }

        foreach (var (page, bytes) in _pages)
        {
            copy._pages.Add(page, [.. bytes]);
        }

        return copy;
    }

    /// <summary>mmap(2).</summary>
    internal Result<ulong> Map(ulong address, ulong length, VmProt protection, bool isFixed, bool shared, IMemoryBacking? backing, long offset)
    {
        if (length == 0 || (offset & ((long)PageSize - 1)) != 0 || (isFixed && (address & (PageSize - 1)) != 0))
        {
            return Errno.EINVAL;
        }

        if (length > AddressSpace.End)
        {
            return Errno.ENOMEM;
        }

        length = RoundUp(length);
        address &= ~(PageSize - 1);
        if (isFixed ? address < Lowest || address > AddressSpace.End - length : address < Lowest || address > AddressSpace.End - length || !IsFree(address, address + length))
        {
            if (isFixed)
            {
                return Errno.ENOMEM;
            }

            address = FindGap(length);
            if (address == 0)
            {
                return Errno.ENOMEM;
            }
        }

        Unmap(address, length);
        _regions.Add(address, new MemoryRegion(address, address + length, protection, shared, backing, offset));
        return address;
    }

    /// <summary>munmap(2).</summary>
    internal void Unmap(ulong address, ulong length)
    {
        var end = address + RoundUp(length);
        foreach (var region in Cut(address, end))
        {
            _ = _regions.Remove(region.Start);
            for (var page = region.Start; page < region.End && _pages.Count > 0; page += PageSize)
            {
                _ = _pages.Remove(page);
            }
        }
    }

    /// <summary>mprotect(2). ENOMEM when something in the range is not mapped.</summary>
    internal Errno Protect(ulong address, ulong length, VmProt protection)
    {
        var end = address + RoundUp(length);
        var covered = address;
        foreach (var region in Cut(address, end))
        {
            if (region.Start != covered)
            {
                return Errno.ENOMEM;
            }

            covered = region.End;
            _regions[region.Start] = region with { Protection = protection };
        }

        return covered >= end ? Errno.OK : Errno.ENOMEM;
    }

    /// <summary>brk(2): the break, moved or not.</summary>
    internal ulong MoveBreak(ulong address)
    {
        var (start, end) = Break;
        if (address >= start && address < start + (1UL << 32))
        {
            var (old, now) = (RoundUp(end), RoundUp(address));
            if (now < old)
            {
                Unmap(now, old - now);
            }
            else if (now > old)
            {
                _ = Map(old, now - old, VmProt.Read | VmProt.Write, isFixed: true, shared: false, null, 0);
            }

            Break = (start, address);
        }

        return Break.End;
    }

    /// <summary>Copies from guest memory, as far as it is readable.</summary>
    /// <returns>Bytes copied.</returns>
    internal int Read(ulong address, Span<byte> destination)
    {
        var done = 0;
        while (done < destination.Length && Find(address + (ulong)done) is { } region && (region.Protection & (VmProt.Read | VmProt.Exec)) != 0)
        {
            var at = address + (ulong)done;
            var part = destination.Slice(done, (int)Math.Min((ulong)(destination.Length - done), PageSize - (at & (PageSize - 1))));
            if (region is { Shared: true, Backing: { } backing } ? backing.ReadAt(BackingOffset(region, at), part) != part.Length : !Touch(region, at, out var page) || !CopyOut(page, at, part))
            {
                break;
            }

            done += part.Length;
        }

        return done;
    }

    /// <summary>Copies to guest memory, as far as it is writable.</summary>
    /// <returns>Bytes copied.</returns>
    internal int Write(ulong address, ReadOnlySpan<byte> source)
    {
        var done = 0;
        while (done < source.Length && Find(address + (ulong)done) is { } region && (region.Protection & VmProt.Write) != 0)
        {
            var at = address + (ulong)done;
            var part = source.Slice(done, (int)Math.Min((ulong)(source.Length - done), PageSize - (at & (PageSize - 1))));
            if (region is { Shared: true, Backing: { } backing })
            {
                if (backing.WriteAt(BackingOffset(region, at), part) != part.Length)
                {
                    break;
                }
            }
            else if (Touch(region, at, out var page))
            {
                part.CopyTo(page.AsSpan((int)(at & (PageSize - 1))));
            }
            else
            {
                break;
            }

            done += part.Length;
        }

        return done;
    }

    private static ulong RoundUp(ulong length) => (length + PageSize - 1) & ~(PageSize - 1);

    private static long BackingOffset(MemoryRegion region, ulong address) => region.Offset + (long)(address - region.Start);

    private static bool CopyOut(byte[] page, ulong address, Span<byte> destination)
    {
        page.AsSpan((int)(address & (PageSize - 1)), destination.Length).CopyTo(destination);
        return true;
    }

    /// <summary>The private page of an address; false behind the end of its file (SIGBUS, mmap(2)).</summary>
    private bool Touch(MemoryRegion region, ulong address, out byte[] page)
    {
        var start = address & ~(PageSize - 1);
        if (!_pages.TryGetValue(start, out page!))
        {
            page = new byte[PageSize];
            if (region.Backing is { } backing && backing.ReadAt(BackingOffset(region, start), page) <= 0)
            {
                return false;
            }

            _pages.Add(start, page);
        }

        return true;
    }

    private MemoryRegion? Find(ulong address)
    {
        // The last region that starts at or below it.
        var (low, high) = (0, _regions.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var region = _regions.GetValueAtIndex(middle);
            if (address < region.Start)
            {
                high = middle - 1;
            }
            else if (address >= region.End)
            {
                low = middle + 1;
            }
            else
            {
                return region;
            }
        }

        return null;
    }

    /// <summary>Splits regions at both ends of a range.</summary>
    /// <returns>Those within it, lowest first.</returns>
    private List<MemoryRegion> Cut(ulong start, ulong end)
    {
        foreach (var border in (ReadOnlySpan<ulong>)[start, end])
        {
            if (Find(border) is { } region && region.Start != border)
            {
                _regions[region.Start] = region.Between(region.Start, border);
                _regions.Add(border, region.Between(border, region.End));
            }
        }

        return [.. _regions.Values.Where(region => region.Start >= start && region.End <= end)];
    }

    private bool IsFree(ulong start, ulong end) => !_regions.Values.Any(region => region.Start < end && region.End > start);

    /// <summary>The highest gap, as Linux looks for it; 0 when there is none.</summary>
    private ulong FindGap(ulong length)
    {
        var top = AddressSpace.End;
        foreach (var region in _regions.Values.Reverse())
        {
            if (top - region.End >= length)
            {
                break;
            }

            top = region.Start;
        }

        return top >= Lowest + length && IsFree(top - length, top) ? top - length : 0;
    }
}
