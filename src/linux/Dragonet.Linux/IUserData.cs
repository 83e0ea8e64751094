using Dragonet.Abi;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>Guest memory that a call reads from or writes to: one range or a vector.</summary>
internal interface IUserData
{
    /// <summary>Bytes in all.</summary>
    long Total { get; }

    /// <summary>False when it reaches beyond the addresses that a program can have: EFAULT whatever the file says.</summary>
    bool IsPossible { get; }

    /// <summary>Copies from the guest, starting <paramref name="offset"/> bytes in.</summary>
    Errno Gather(Task task, long offset, Span<byte> destination);

    /// <summary>Copies to the guest, starting <paramref name="offset"/> bytes in.</summary>
    /// <param name="task">The caller.</param>
    /// <param name="offset">Where to begin.</param>
    /// <param name="source">The bytes.</param>
    /// <param name="now">Not with the answer to the call: what cannot be written is found out.</param>
    Errno Scatter(Task task, long offset, ReadOnlySpan<byte> source, bool now = false);
}
