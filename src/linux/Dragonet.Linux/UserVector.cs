using System.Buffers;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>An iovec array of the guest, copied and checked once (readv(2)).</summary>
internal readonly struct UserVector : IUserData
{
    /// <summary>UIO_MAXIOV.</summary>
    public const int MaxCount = 1024;

    /// <summary>MAX_RW_COUNT: no call transfers more.</summary>
    public const long MaxTotal = 0x7ffff000;

    private readonly iovec[] _vectors;

    private UserVector(iovec[] vectors, long total)
    {
        _vectors = vectors;
        Total = total;
    }

    /// <summary>Bytes in all, at most <see cref="MaxTotal"/>.</summary>
    public long Total { get; }

    /// <inheritdoc/>
    public bool IsPossible => true;

    /// <summary>One range.</summary>
    public static UserVector Of(ulong address, ulong length)
    {
        var total = (long)Math.Min(length, MaxTotal);
        return new UserVector([new iovec { iov_base = address, iov_len = (ulong)total }], total);
    }

    /// <summary>Copies the array: EFAULT, EINVAL for a negative length, <paramref name="tooMany"/> beyond 1024 entries.</summary>
    public static Result<UserVector> Load(Task task, UserPtr pointer, ulong count, Errno tooMany = Errno.EINVAL)
    {
        if (count > MaxCount)
        {
            return tooMany;
        }

        var vectors = new iovec[count];
        if (task.Memory.ReadArray<iovec>(pointer.Address, vectors) is not Errno.OK and var error)
        {
            return error;
        }

        long total = 0;
        for (var i = 0; i < vectors.Length; i++)
        {
            if ((long)vectors[i].iov_len < 0)
            {
                return Errno.EINVAL;
            }

            vectors[i].iov_len = Math.Min(vectors[i].iov_len, (ulong)(MaxTotal - total));
            total += (long)vectors[i].iov_len;
        }

        return new UserVector(vectors, total);
    }

    /// <summary>Copies from the guest, starting <paramref name="offset"/> bytes into the vector.</summary>
    public Errno Gather(Task task, long offset, Span<byte> destination)
    {
        if (destination.IsEmpty)
        {
            return Errno.OK;
        }

        if (_vectors.Length == 1)
        {
            return task.Memory.Read(_vectors[0].iov_base + (ulong)offset, destination);
        }

        var ranges = ArrayPool<(ulong, int)>.Shared.Rent(_vectors.Length);
        var error = task.Memory.ReadVector(ranges.AsSpan(0, Slice(ranges, offset, destination.Length)), destination);
        ArrayPool<(ulong, int)>.Shared.Return(ranges);
        return error;
    }

    /// <inheritdoc/>
    public Errno Scatter(Task task, long offset, ReadOnlySpan<byte> source, bool now = false)
    {
        if (source.IsEmpty)
        {
            return Errno.OK;
        }

        if (_vectors.Length == 1)
        {
            return (now ? task.Space : task.Memory).Write(_vectors[0].iov_base + (ulong)offset, source);
        }

        var ranges = ArrayPool<(ulong, int)>.Shared.Rent(_vectors.Length);
        var error = task.Space.WriteVector(ranges.AsSpan(0, Slice(ranges, offset, source.Length)), source);
        ArrayPool<(ulong, int)>.Shared.Return(ranges);
        return error;
    }

    private int Slice(Span<(ulong Address, int Length)> ranges, long offset, int length)
    {
        var count = 0;
        foreach (var vector in _vectors)
        {
            var size = (long)vector.iov_len;
            if (offset >= size)
            {
                offset -= size;
                continue;
            }

            var part = (int)Math.Min(size - offset, length);
            if (part > 0)
            {
                ranges[count++] = (vector.iov_base + (ulong)offset, part);
                length -= part;
            }

            offset = 0;
        }

        return count;
    }
}
