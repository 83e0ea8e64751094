using System.Numerics;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>Guest-mappable memory in a memfd (memfd_create(2)). One that is read often in small pieces is mapped here, too: a copy costs a third of
/// a pread(2).</summary>
internal sealed unsafe class MemFile : IMemoryBacking, IHostMappable
{
    /// <summary>So many small reads show that a view is worth its making.</summary>
    private const int ReadsForView = 16;

    /// <summary>The shortest and the longest view, in bytes.</summary>
    private const long ShortestView = 1 << 20, LongestView = 64 << 20;

    private readonly HostFd _fd;
    private readonly HostBudget _views;
    private readonly Lock _viewing = new();
    private HostFd? _readOnly;
    private HostView? _view;  // written under _viewing
    private int _smallReads;  // since the view was made, those that it did not serve; about
    private bool _disposed;   // guarded by _viewing

    private MemFile(HostFd fd, HostBudget views) => (_fd, _views) = (fd, views);

    private static Result<IMemoryBacking> Ok(IMemoryBacking backing) => Result<IMemoryBacking>.Of(backing);

    internal static Result<IMemoryBacking> Create(ReadOnlySpan<byte> name, HostBudget views)
    {
        Span<byte> text = stackalloc byte[64];
        text.Clear();
        name[..Math.Min(name.Length, 63)].CopyTo(text);
        long fd;
        fixed (byte* pointer = text)
        {
            // SAFETY: the name is NUL-terminated by the cleared last byte. MFD_CLOEXEC.
            fd = Host.Call(Nr.memfd_create, (long)pointer, 1);
        }

        return fd < 0 ? Host.ErrnoOf(fd) : Ok(new MemFile(HostFd.Own(fd), views));
    }

    /// <inheritdoc/>
    public HostFd GetFd(bool writable)
    {
        if (writable)
        {
            return _fd;
        }

        // Lent to a guest: a descriptor that cannot be mapped writable even in the moment that it is there.
        if (_readOnly is null)
        {
            var path = System.Text.Encoding.ASCII.GetBytes($"/proc/self/fd/{_fd.Number}\0");
            fixed (byte* pointer = path)
            {
                // SAFETY: a NUL-terminated path. AT_FDCWD, O_RDONLY|O_CLOEXEC.
                var fd = Host.Call(Nr.openat, -100, (long)pointer, 0x80000);
                if (fd < 0)
                {
                    return _fd;
                }

                _readOnly = HostFd.Own(fd);
            }
        }

        return _readOnly;
    }

    /// <inheritdoc/>
    public int ReadAt(long offset, Span<byte> destination)
    {
        fixed (byte* pointer = destination)
        {
            // SAFETY: the span is pinned for the call.
            return (int)Host.Call(Nr.pread64, _fd.Number, (long)pointer, destination.Length, offset);
        }
    }

    /// <inheritdoc/>
    public bool TryReadQuick(long offset, Span<byte> destination)
    {
        if (Volatile.Read(ref _view) is { } view && view.TryRead(offset, destination))
        {
            return true;
        }

        if (offset + destination.Length <= LongestView && ++_smallReads >= ReadsForView)
        {
            MakeView(offset + destination.Length);
        }

        return false;
    }

    /// <summary>Maps twice of what is wanted: a file that grows shall not be mapped again each time.</summary>
    private void MakeView(long wanted)
    {
        lock (_viewing)
        {
            _smallReads = 0;
            if (!_disposed && !(_view?.Length >= wanted))
            {
                _view?.Dispose();
                var length = Math.Clamp((long)BitOperations.RoundUpToPowerOf2((ulong)wanted) * 2, ShortestView, LongestView);
                Volatile.Write(ref _view, HostView.Map(_fd, length, _views));
            }
        }
    }

    /// <inheritdoc/>
    public int WriteAt(long offset, ReadOnlySpan<byte> source)
    {
        fixed (byte* pointer = source)
        {
            // SAFETY: the span is pinned for the call.
            return (int)Host.Call(Nr.pwrite64, _fd.Number, (long)pointer, source.Length, offset);
        }
    }

    /// <inheritdoc/>
    public int SetLength(long length) => (int)Host.Call(Nr.ftruncate, _fd.Number, length);

    /// <inheritdoc/>
    public int Discard(long offset, long length) => (int)Host.Call(Nr.fallocate, _fd.Number, 3, offset, length); // KEEP_SIZE|PUNCH_HOLE

    /// <inheritdoc/>
    public long Allocated
    {
        get
        {
            Span<long> stat = stackalloc long[18];
            fixed (long* pointer = stat)
            {
                // SAFETY: struct stat is 144 bytes; st_blocks is its ninth long.
                return Host.Call(Nr.fstat, _fd.Number, (long)pointer) == 0 ? stat[8] * 512 : 0;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_viewing)
        {
            _disposed = true;
            _view?.Dispose();
        }

        _fd.Dispose();
        _readOnly?.Dispose();
    }
}
