using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>A counter to wait for (eventfd(2)). Reading takes it, or one of it with EFD_SEMAPHORE; writing adds. Thread-safe.</summary>
public sealed class EventFile(ulong initial, bool semaphore, OpenFlags flags) : AnonymousFile("eventfd", flags)
{
    private const ulong Max = ulong.MaxValue - 1;

    private readonly KernelLock _lock = new(LockRank.Object);
    private readonly WaitQueue _queue = new();
    private ulong _count = initial; // guarded by _lock

    /// <inheritdoc/>
    public override string FdInfo
    {
        get
        {
            using (_lock.Enter())
            {
                return $"eventfd-count: {_count,16:x}\neventfd-semaphore: {(semaphore ? 1 : 0)}\n";
            }
        }
    }

    /// <inheritdoc/>
    public override Result<int> Read(ICaller caller, Span<byte> destination)
    {
        if (destination.Length < 8)
        {
            return Errno.EINVAL;
        }

        ulong value;
        using (_lock.Enter())
        {
            if (_count == 0)
            {
                return Errno.EAGAIN;
            }

            value = semaphore ? 1 : _count;
            _count -= value;
        }

        BinaryPrimitives.WriteUInt64LittleEndian(destination, value);
        _ = _queue.Wake(PollEvents.POLLOUT | PollEvents.POLLWRNORM);
        return 8;
    }

    /// <inheritdoc/>
    public override Result<int> Write(ICaller caller, ReadOnlySpan<byte> source)
    {
        if (source.Length < 8 || BinaryPrimitives.ReadUInt64LittleEndian(source) is not (<= Max and var value))
        {
            return Errno.EINVAL;
        }

        using (_lock.Enter())
        {
            if (value > Max - _count)
            {
                return Errno.EAGAIN;
            }

            _count += value;
        }

        _ = _queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
        return 8;
    }

    /// <summary>Adds from the kernel; saturates.</summary>
    public void Signal(ulong value = 1)
    {
        using (_lock.Enter())
        {
            _count = value > Max - _count ? Max : _count + value;
        }

        _ = _queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
    }

    /// <inheritdoc/>
    public override PollEvents Poll(PollWait? wait)
    {
        wait?.Add(_queue);
        using (_lock.Enter())
        {
            return (_count > 0 ? PollEvents.POLLIN | PollEvents.POLLRDNORM : 0) | (_count < Max ? PollEvents.POLLOUT | PollEvents.POLLWRNORM : 0);
        }
    }
}
