using Dragonet.Abi;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>One buffer of the guest. A call transfers at most MAX_RW_COUNT bytes of it.</summary>
internal readonly struct UserRange(UserPtr pointer, ulong length) : IUserData
{
    /// <inheritdoc/>
    public long Total { get; } = (long)Math.Min(length, UserVector.MaxTotal);

    /// <inheritdoc/>
    public bool IsPossible => length <= AddressSpace.End && pointer.Address <= AddressSpace.End - length;

    /// <inheritdoc/>
    public Errno Gather(Task task, long offset, Span<byte> destination)
        => destination.IsEmpty ? Errno.OK : task.Memory.Read(pointer.Address + (ulong)offset, destination);

    /// <inheritdoc/>
    public Errno Scatter(Task task, long offset, ReadOnlySpan<byte> source, bool now = false)
        => source.IsEmpty ? Errno.OK : (now ? task.Space : task.Memory).Write(pointer.Address + (ulong)offset, source);
}
