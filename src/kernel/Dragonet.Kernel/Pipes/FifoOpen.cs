using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>
/// An open(2) of a FIFO on its way (fifo(7)): it counts as an end at once, and is complete when the other end has come. The open
/// call keeps it as its call state and asks again whenever <see cref="Queue"/> wakes; disposed before <see cref="Complete"/>, it is withdrawn.
/// </summary>
public sealed class FifoOpen : IDisposable
{
    private readonly Pipe _pipe;
    private readonly OpenFlags _flags;
    private readonly VfsPath? _path;
    private readonly bool _read;
    private readonly bool _write;
    private long _arrivals;
    private bool _isCounted;

    private FifoOpen(Pipe pipe, OpenFlags flags, VfsPath? path)
    {
        _pipe = pipe;
        _flags = flags;
        _path = path;
        _read = (flags & OpenFlags.O_ACCMODE) is OpenFlags.O_RDONLY or OpenFlags.O_RDWR;
        _write = (flags & OpenFlags.O_ACCMODE) is OpenFlags.O_WRONLY or OpenFlags.O_RDWR;
    }

    /// <summary>Wakes when another end is opened.</summary>
    public WaitQueue Queue => _pipe.Opened;

    /// <summary>True when the open need not wait (any more): it is not to block, or the other end is or was there.</summary>
    public bool IsReady => _isCounted
        && (_arrivals < 0 || (_flags & OpenFlags.O_NONBLOCK) != 0 || (_read ? _pipe.WriterArrivals : _pipe.ReaderArrivals) != _arrivals);

    /// <summary>Begins an open. ENXIO for a writer that would not wait for a reader.</summary>
    /// <param name="pipe">The pipe.</param>
    /// <param name="flags">Access mode and status flags.</param>
    /// <param name="path">Where the FIFO was found.</param>
    /// <param name="canWait">False: when the other end is not there this one does not count either, and never becomes ready. For a caller
    /// that would withdraw it: the other end may come at that moment, see this one, and be gone when it comes back.</param>
    public static Result<FifoOpen> Begin(Pipe pipe, OpenFlags flags, VfsPath? path, bool canWait = true)
    {
        var open = new FifoOpen(pipe, flags, path);
        var waits = (flags & OpenFlags.O_NONBLOCK) == 0;
        open._isCounted = pipe.TryAttach(open._read, open._write, waits ? canWait : open._read, out open._arrivals);
        return open._isCounted || waits ? open : Errno.ENXIO;
    }

    /// <summary>The open file; only when <see cref="IsReady"/>, once.</summary>
    public PipeFile Complete()
    {
        _isCounted = false;
        return new PipeFile(_pipe, _flags, 0, _path);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isCounted)
        {
            _isCounted = false;
            _pipe.Detach(_read, _write);
        }
    }
}
