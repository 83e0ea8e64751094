using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>Typed access to guest memory. Every value is copied once; what was copied is what is checked and used.</summary>
public static class UserMemoryExtensions
{
    /// <summary>Reads one value.</summary>
    public static Errno Read<T>(this IUserMemory memory, ulong address, out T value)
        where T : unmanaged
    {
        value = default;
        return memory.Read(address, MemoryMarshal.AsBytes(new Span<T>(ref value)));
    }

    /// <summary>Writes one value.</summary>
    public static Errno Write<T>(this IUserMemory memory, ulong address, in T value)
        where T : unmanaged
        => memory.Write(address, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    /// <summary>Reads an array.</summary>
    public static Errno ReadArray<T>(this IUserMemory memory, ulong address, Span<T> values)
        where T : unmanaged
        => values.IsEmpty ? Errno.OK : memory.Read(address, MemoryMarshal.AsBytes(values));

    /// <summary>Writes an array.</summary>
    public static Errno WriteArray<T>(this IUserMemory memory, ulong address, ReadOnlySpan<T> values)
        where T : unmanaged
        => values.IsEmpty ? Errno.OK : memory.Write(address, MemoryMarshal.AsBytes(values));

    /// <summary>Reads a NUL-terminated string of at most <paramref name="limit"/> bytes, the NUL included.
    /// EFAULT for bad memory, <paramref name="tooLong"/> when no NUL is found.</summary>
    public static Result<string> ReadString(this IUserMemory memory, ulong address, int limit, Errno tooLong)
    {
        Span<byte> buffer = stackalloc byte[256];
        var first = memory.ReadSome(address, buffer[..Math.Min(limit, 256)]);
        var end = buffer[..first].IndexOf((byte)0);
        if (end >= 0)
        {
            return ByteString.FromBytes(buffer[..end]);
        }

        if (first < Math.Min(limit, 256))
        {
            return Errno.EFAULT;
        }

        var large = new byte[limit];
        var count = memory.ReadSome(address, large);
        end = large.AsSpan(0, count).IndexOf((byte)0);
        if (end >= 0)
        {
            return ByteString.FromBytes(large.AsSpan(0, end));
        }

        return count < limit ? Errno.EFAULT : tooLong;
    }
}
