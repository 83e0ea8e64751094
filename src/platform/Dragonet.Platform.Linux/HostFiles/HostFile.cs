using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform.Linux.Guests;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.HostFiles;

/// <summary>An open regular file of the host.</summary>
internal sealed unsafe class HostFile(HostFd fd, bool writable) : IHostFile, IHostMappable
{
    private readonly Lock _lock = new();
    private HostFd? _readOnly; // guarded by _lock

    /// <inheritdoc/>
    public HostFd GetFd(bool wantsWrite)
    {
        if (wantsWrite || !writable)
        {
            return fd;
        }

        // Lent to a guest: a descriptor that cannot be mapped writable even in the moment that it is there.
        lock (_lock)
        {
            return _readOnly ??= InteropOpen.Again(fd.Number, OpenFlags.O_RDONLY).Ok(out var other) ? other : fd;
        }
    }

    /// <inheritdoc/>
    public int ReadAt(long offset, Span<byte> destination)
    {
        if (!fd.TryHold())
        {
            return -(int)Errno.EBADF;
        }

        fixed (byte* pointer = destination)
        {
            // SAFETY: the span is pinned for the call; the descriptor is held.
            var result = (int)Host.Call(Nr.pread64, fd.Number, (long)pointer, destination.Length, offset);
            fd.DangerousRelease();
            return result;
        }
    }

    /// <inheritdoc/>
    public int WriteAt(long offset, ReadOnlySpan<byte> source)
    {
        if (!fd.TryHold())
        {
            return -(int)Errno.EBADF;
        }

        fixed (byte* pointer = source)
        {
            // SAFETY: the span is pinned for the call; the descriptor is held.
            var result = (int)Host.Call(Nr.pwrite64, fd.Number, (long)pointer, source.Length, offset);
            fd.DangerousRelease();
            return result;
        }
    }

    /// <inheritdoc/>
    public int SetLength(long length) => (int)Call(Nr.ftruncate, length);

    /// <inheritdoc/>
    public int Discard(long offset, long length) => (int)Call(Nr.fallocate, 3, offset, length); // KEEP_SIZE|PUNCH_HOLE

    /// <inheritdoc/>
    public long Allocated => GetAttributes(out var attributes) == Errno.OK ? attributes.Blocks * 512 : 0;

    /// <inheritdoc/>
    public Errno GetAttributes(out HostAttributes attributes)
    {
        attributes = default;
        if (!fd.TryHold())
        {
            return Errno.EBADF;
        }

        var error = InteropStatx.Get(fd.Number, "", out attributes);
        fd.DangerousRelease();
        return error;
    }

    /// <inheritdoc/>
    public Errno Sync(bool dataOnly) => Host.ErrnoOf(Call(dataOnly ? Nr.fdatasync : Nr.fsync));

    /// <inheritdoc/>
    public Errno Allocate(FallocFlags mode, long offset, long length) => Host.ErrnoOf(Call(Nr.fallocate, (long)mode, offset, length));

    /// <inheritdoc/>
    public long Find(long offset, bool hole) => Call(Nr.lseek, offset, hole ? Seek.SEEK_HOLE : Seek.SEEK_DATA);

    /// <inheritdoc/>
    public void Dispose()
    {
        fd.Dispose();
        lock (_lock)
        {
            _readOnly?.Dispose();
        }
    }

    private long Call(Nr number, long a1 = 0, long a2 = 0, long a3 = 0)
    {
        if (!fd.TryHold())
        {
            return -(long)Errno.EBADF;
        }

        var result = Host.Call(number, fd.Number, a1, a2, a3);
        fd.DangerousRelease();
        return result;
    }
}
