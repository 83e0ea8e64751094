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
    private readonly long _arrivals;
    private readonly bool _read;
    private readonly bool _write;
    private bool _done;

    private FifoOpen(Pipe pipe, OpenFlags flags, VfsPath? path)
    {
        _pipe = pipe;
        _flags = flags;
        _path = path;
        _read = (flags & OpenFlags.O_ACCMODE) is OpenFlags.O_RDONLY or OpenFlags.O_RDWR;
        _write = (flags & OpenFlags.O_ACCMODE) is OpenFlags.O_WRONLY or OpenFlags.O_RDWR;
        _arrivals = _read ? pipe.WriterArrivals : pipe.ReaderArrivals;
    }

    /// <summary>Wakes when another end is opened.</summary>
    public WaitQueue Queue => _pipe.Opened;

    /// <summary>True when the open need not wait (any more): it is not to block, or the other end is or was there.</summary>
    public bool IsReady => (_flags & OpenFlags.O_NONBLOCK) != 0 || (_read && _write)
        || (_read ? _pipe.HasWriters || _pipe.WriterArrivals != _arrivals : _pipe.HasReaders || _pipe.ReaderArrivals != _arrivals);

    /// <summary>Begins an open. ENXIO for a writer that would not wait for a reader.</summary>
    public static Result<FifoOpen> Begin(Pipe pipe, OpenFlags flags, VfsPath? path)
    {
        var open = new FifoOpen(pipe, flags, path);
        if ((flags & OpenFlags.O_NONBLOCK) != 0 && open._write && !open._read && !pipe.HasReaders)
        {
            return Errno.ENXIO;
        }

        pipe.Attach(open._read, open._write);
        return open;
    }

    /// <summary>The open file; only when <see cref="IsReady"/>, once.</summary>
    public PipeFile Complete()
    {
        _done = true;
        return new PipeFile(_pipe, _flags, 0, _path);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_done)
        {
            _done = true;
            _pipe.Detach(_read, _write);
        }
    }
}
