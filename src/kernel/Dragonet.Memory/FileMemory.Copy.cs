using System.Buffers;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Memory;

/// <summary>Copies of files that cost nothing until one of the two is changed.</summary>
public sealed partial class FileMemory
{
    private const int Chunk = 256 * 1024;

    private SharedBacking? _shared; // guarded by _lock: others read the same pages; nobody writes them
    private bool _isSmallShared;    // guarded by _lock: the array is another file's, too
    private bool _mapped;           // guarded by _lock: guests may still have the pages mapped
    private bool _mappedShared;     // guarded by _lock: and see what is written

    /// <summary>
    /// Fills a new file with what this one has. The pages are shared until either is changed or mapped shared; one that guests have mapped
    /// shared, whose pages change without us, is copied now. The account of the copy pays for all of it: ENOSPC when it refuses.
    /// </summary>
    /// <param name="copy">It is empty, and nobody else knows it.</param>
    public Errno CopyTo(FileMemory copy)
    {
        using (_lock.Enter())
        {
            var bytes = _pages.Count * PageSet.PageSize;
            if (bytes != 0 && !copy._account.TryCharge(bytes))
            {
                return Errno.ENOSPC;
            }

            copy._pages.Add(_pages);
            copy._length = _length;
            if (_backing is null)
            {
                copy._small = _small;
                copy._isSmallShared = _isSmallShared = true;
                return Errno.OK;
            }

            if (_mappedShared || _mappedWritable)
            {
                return CopyBackingLocked().Ok(out copy._backing, out var error) ? Errno.OK : error;
            }

            _shared ??= new SharedBacking(_mapped);
            _shared.Join();
            (copy._backing, copy._shared, copy._mapped) = (_backing, _shared, _mapped);
            return Errno.OK;
        }
    }

    /// <summary>Before a change: the pages are ours alone from here on.</summary>
    private Errno OwnLocked()
    {
        if (_isSmallShared)
        {
            _small = [.. _small];
            _isSmallShared = false;
        }

        if (_shared is not { } shared)
        {
            return Errno.OK;
        }

        // Guests of a file that has left may have the pages mapped privately: they must not see what is written here.
        if (!shared.IsMapped && shared.IsAlone)
        {
            _shared = null;
            return Errno.OK;
        }

        if (!CopyBackingLocked().Ok(out var own, out var error))
        {
            return error;
        }

        if (shared.Leave())
        {
            _backing!.Dispose();
        }

        (_backing, _shared, _mapped) = (own, null, false);
        return Errno.OK;
    }

    private Result<IMemoryBacking> CopyBackingLocked()
    {
        if (!_allocate().Ok(out var made, out var error))
        {
            return error;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        var result = made.SetLength(_length);
        for (long at = 0; at < _length && result >= 0;)
        {
            var count = _backing!.ReadAt(at, buffer.AsSpan(0, (int)Math.Min(Chunk, _length - at)));
            if (count <= 0)
            {
                result = count;
                break;
            }

            // Holes stay holes.
            result = buffer.AsSpan(0, count).ContainsAnyExcept((byte)0) ? made.WriteAt(at, buffer.AsSpan(0, count)) : 0;
            at += result > 0 ? result : count;
        }

        ArrayPool<byte>.Shared.Return(buffer);
        if (result >= 0)
        {
            return Result<IMemoryBacking>.Of(made);
        }

        made.Dispose();
        return (Errno)(-result);
    }
}
