using Dragonet.Abi;

namespace Dragonet.Base;

/// <summary>The memory of one guest address space as the kernel sees it. Everything read is a copy; a bad address is EFAULT, a value.</summary>
public interface IUserMemory
{
    /// <summary>Copies from the guest. All or EFAULT.</summary>
    Errno Read(ulong address, Span<byte> destination);

    /// <summary>Copies to the guest. All or EFAULT (bytes before the bad page may have been written).</summary>
    Errno Write(ulong address, ReadOnlySpan<byte> source);

    /// <summary>Copies the ranges, one behind another, from the guest. All or EFAULT.</summary>
    Errno ReadVector(ReadOnlySpan<(ulong Address, int Length)> ranges, Span<byte> destination)
    {
        foreach (var (address, length) in ranges)
        {
            if (Read(address, destination[..length]) is not Errno.OK and var error)
            {
                return error;
            }

            destination = destination[length..];
        }

        return Errno.OK;
    }

    /// <summary>Copies to the ranges, one behind another, of the guest. All or EFAULT (what is before the bad page may have been written).</summary>
    Errno WriteVector(ReadOnlySpan<(ulong Address, int Length)> ranges, ReadOnlySpan<byte> source)
    {
        foreach (var (address, length) in ranges)
        {
            if (Write(address, source[..length]) is not Errno.OK and var error)
            {
                return error;
            }

            source = source[length..];
        }

        return Errno.OK;
    }

    /// <summary>Copies as much as is readable from the start of the range.</summary>
    /// <returns>The number of bytes copied; 0 when the first is not readable.</returns>
    int ReadSome(ulong address, Span<byte> destination);
}
