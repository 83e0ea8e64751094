using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Memory;

/// <summary>
/// The data of a file that lives in memory. Small files are a managed array; a file that grows beyond 64 KiB or is mapped moves into
/// platform memory, which reads, writes and mappings then share. Every page is charged to an account. Thread-safe.
/// </summary>
public sealed partial class FileMemory : MemoryObject
{
    /// <summary>Largest size in managed memory, in bytes.</summary>
    public const int SmallLimit = 64 * 1024;

    // A call of the host for more than this costs little beside the copy; and it is copied under the lock.
    private const int QuickLimit = 16 * 1024;

    // More than any machine has; keeps the page records small.
    private const long MaxReserved = 1L << 42;

    private const long MaxLength = long.MaxValue - PageSet.PageSize;

    private readonly KernelLock _lock = new(LockRank.PageCache);
    private readonly Func<Result<IMemoryBacking>> _allocate;
    private readonly IMemoryAccount _account;
    private readonly PageSet _pages = new(); // guarded by _lock
    private byte[] _small = [];              // guarded by _lock; zero after _length
    private IMemoryBacking? _backing;        // written under _lock
    private long _length;                    // written under _lock
    private bool _mappedWritable;            // guarded by _lock

    /// <param name="allocate">Makes platform memory.</param>
    /// <param name="account">Pays for the pages.</param>
    public FileMemory(Func<Result<IMemoryBacking>> allocate, IMemoryAccount account)
    {
        _allocate = allocate;
        _account = account;
    }

    /// <summary>Size in bytes.</summary>
    public long Length => Volatile.Read(ref _length);

    /// <summary>Bytes of the pages in use.</summary>
    public long Allocated
    {
        get
        {
            using (_lock.Enter())
            {
                var counted = _pages.Count * PageSet.PageSize;
                return _mappedWritable ? Math.Max(counted, _backing!.Allocated) : counted;
            }
        }
    }

    /// <summary>Reads; 0 at or after the end.</summary>
    public Result<int> Read(long offset, Span<byte> destination)
    {
        IMemoryBacking backing;
        using (_lock.Enter())
        {
            var count = (int)Math.Clamp(_length - offset, 0, destination.Length);
            if (count == 0)
            {
                return 0;
            }

            if (_backing is null)
            {
                _small.AsSpan((int)offset, count).CopyTo(destination);
                return count;
            }

            backing = _backing;
            destination = destination[..count];
            if (count <= QuickLimit && _pages.CountMissing(offset / PageSet.PageSize, (offset + count - 1) / PageSet.PageSize) == 0
                && backing.TryReadQuick(offset, destination))
            {
                return count;
            }

            if (_shared is not null)
            {
                // Under the lock: it is ours only as long as nobody here makes a copy of his own.
                return ToResult(backing.ReadAt(offset, destination));
            }
        }

        return ToResult(backing.ReadAt(offset, destination));
    }

    private static Result<int> ToResult(int count) => count < 0 ? (Errno)(-count) : count;

    /// <summary>Writes, growing the file as needed. ENOSPC when the account refuses the first page; short when it refuses a later one.</summary>
    /// <param name="append">At the end, wherever it is.</param>
    /// <param name="limit">No byte at or after it is written; EFBIG when there is no room before it.</param>
    /// <param name="end">The offset after the last byte written.</param>
    public Result<int> Write(long offset, ReadOnlySpan<byte> source, bool append, long limit, out long end)
    {
        using (_lock.Enter())
        {
            if (append)
            {
                offset = _length;
            }

            end = offset;
            limit = Math.Min(limit, MaxLength);
            if (source.IsEmpty)
            {
                return 0;
            }

            if (offset >= limit)
            {
                return Errno.EFBIG;
            }

            source = source[..(int)Math.Min(source.Length, limit - offset)];
            var first = offset / PageSet.PageSize;
            if (!ChargeLocked(first, (offset + source.Length - 1) / PageSet.PageSize))
            {
                // As much as the limit allows, page by page.
                var page = first;
                while (page * PageSet.PageSize < offset + source.Length && ChargeLocked(page, page))
                {
                    page++;
                }

                if (page == first)
                {
                    return Errno.ENOSPC;
                }

                source = source[..(int)Math.Min(source.Length, page * PageSet.PageSize - offset)];
            }

            end = offset + source.Length;
            if (OwnLocked() is not Errno.OK and var own)
            {
                return own;
            }

            if (_backing is null && end > SmallLimit && MoveLocked() is not Errno.OK and var error)
            {
                return error;
            }

            if (_backing is { } backing)
            {
                var written = backing.WriteAt(offset, source);
                if (written < 0)
                {
                    return (Errno)(-written);
                }

                end = offset + written;
                Volatile.Write(ref _length, Math.Max(_length, end));
                return written;
            }

            ReserveLocked((int)end);
            source.CopyTo(_small.AsSpan((int)offset));
            Volatile.Write(ref _length, Math.Max(_length, end));
            return source.Length;
        }
    }

    /// <summary>truncate(2). EFBIG beyond the largest size.</summary>
    public Errno SetLength(long length)
    {
        if (length > MaxLength)
        {
            return Errno.EFBIG;
        }

        using (_lock.Enter())
        {
            return SetLengthLocked(length);
        }
    }

    /// <summary>Reserves a range (fallocate(2)); it reads as zeros where nothing was written. ENOSPC when the account refuses.</summary>
    public Errno Allocate(long offset, long length, bool keepSize)
    {
        if (offset > MaxLength - length)
        {
            return Errno.EFBIG;
        }

        if (length > MaxReserved)
        {
            return Errno.ENOSPC;
        }

        using (_lock.Enter())
        {
            if (!ChargeLocked(offset / PageSet.PageSize, (offset + length - 1) / PageSet.PageSize))
            {
                return Errno.ENOSPC;
            }

            return !keepSize && offset + length > _length ? SetLengthLocked(offset + length) : Errno.OK;
        }
    }

    /// <summary>Frees a range; it reads as zeros afterwards (fallocate(2), FALLOC_FL_PUNCH_HOLE).</summary>
    public Errno Punch(long offset, long length)
    {
        using (_lock.Enter())
        {
            if (OwnLocked() is not Errno.OK and var own)
            {
                return own;
            }

            var end = offset > long.MaxValue - length ? long.MaxValue : offset + length;
            var first = (offset + PageSet.PageSize - 1) / PageSet.PageSize;
            var last = end / PageSet.PageSize - 1;
            if (_backing is { } backing)
            {
                var result = backing.Discard(offset, length);
                if (result < 0)
                {
                    return (Errno)(-result);
                }
            }
            else if (offset < _length)
            {
                _small.AsSpan((int)offset, (int)(Math.Min(end, _length) - offset)).Clear();
            }

            if (first <= last)
            {
                _account.Release(_pages.Remove(first, last) * PageSet.PageSize);
            }

            return Errno.OK;
        }
    }

    /// <summary>First byte of data at or after an offset that is before the end; the size when there is none.</summary>
    public long FindData(long offset)
    {
        using (_lock.Enter())
        {
            if (_mappedWritable)
            {
                return offset;
            }

            var page = offset / PageSet.PageSize;
            var found = _pages.Find(page, (_length + PageSet.PageSize - 1) / PageSet.PageSize, present: true);
            return Math.Min(Math.Max(found * PageSet.PageSize, offset), _length);
        }
    }

    /// <summary>First byte of a hole at or after an offset; the size when there is none.</summary>
    public long FindHole(long offset)
    {
        using (_lock.Enter())
        {
            if (_mappedWritable)
            {
                return _length;
            }

            var found = _pages.Find(offset / PageSet.PageSize, (_length + PageSet.PageSize - 1) / PageSet.PageSize, present: false);
            return Math.Min(Math.Max(found * PageSet.PageSize, offset), _length);
        }
    }

    /// <summary>Moves the data where it can be mapped. ENOMEM or what the platform says when there is no memory.</summary>
    /// <param name="shared">The mapping shows what others write.</param>
    public Errno MakeMappable(bool shared)
    {
        using (_lock.Enter())
        {
            if (shared && OwnLocked() is not Errno.OK and var own)
            {
                return own;
            }

            var error = _backing is null ? MoveLocked() : Errno.OK;
            if (error == Errno.OK)
            {
                _mappedShared |= shared;
                _mapped = true;
                _shared?.SetMapped();
            }

            return error;
        }
    }

    /// <inheritdoc/>
    /// <remarks>Only after <see cref="MakeMappable"/> succeeded.</remarks>
    public override IMemoryBacking GetBacking(bool writable)
    {
        using (_lock.Enter())
        {
            _mappedWritable |= writable;
            return _backing!;
        }
    }

    /// <summary>Frees everything; guests that have it mapped keep their pages. Nobody may use it afterwards.</summary>
    public void Free()
    {
        using (_lock.Enter())
        {
            _account.Release(_pages.Remove(0, long.MaxValue / PageSet.PageSize) * PageSet.PageSize);
            _small = [];
            _isSmallShared = false;
            Volatile.Write(ref _length, 0);
            if (_shared is null || _shared.Leave())
            {
                _backing?.Dispose();
            }

            _shared = null;
            _backing = null;
            _mappedWritable = _mappedShared = _mapped = false;
        }
    }

    private Errno SetLengthLocked(long length)
    {
        if (OwnLocked() is not Errno.OK and var own)
        {
            return own;
        }

        if (_backing is null && length > SmallLimit && MoveLocked() is not Errno.OK and var error)
        {
            return error;
        }

        if (_backing is { } backing)
        {
            var result = backing.SetLength(length);
            if (result < 0)
            {
                return (Errno)(-result);
            }
        }
        else if (length < _length)
        {
            _small.AsSpan((int)length, (int)(_length - length)).Clear();
        }
        else
        {
            ReserveLocked((int)length);
        }

        if (length < _length)
        {
            _account.Release(_pages.Remove((length + PageSet.PageSize - 1) / PageSet.PageSize, long.MaxValue / PageSet.PageSize) * PageSet.PageSize);
        }

        Volatile.Write(ref _length, length);
        return Errno.OK;
    }

    private bool ChargeLocked(long first, long last)
    {
        var missing = _pages.CountMissing(first, last);
        if (missing != 0)
        {
            if (!_account.TryCharge(missing * PageSet.PageSize))
            {
                return false;
            }

            _pages.Add(first, last);
        }

        return true;
    }

    private void ReserveLocked(int length)
    {
        if (_small.Length < length)
        {
            Array.Resize(ref _small, Math.Min(SmallLimit, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(length, 64))));
        }
    }

    private Errno MoveLocked()
    {
        if (!_allocate().Ok(out var backing, out var error))
        {
            return error;
        }

        var result = backing.SetLength(_length);
        if (result >= 0 && _length != 0)
        {
            result = backing.WriteAt(0, _small.AsSpan(0, (int)_length));
        }

        if (result < 0)
        {
            backing.Dispose();
            return (Errno)(-result);
        }

        _backing = backing;
        _small = [];
        _isSmallShared = false;
        return Errno.OK;
    }
}
