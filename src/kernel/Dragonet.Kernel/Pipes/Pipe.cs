using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Memory;

namespace Dragonet.Kernel;

/// <summary>
/// The buffer behind a pipe or an open FIFO (pipe(7)). Writes of up to <see cref="AtomicSize"/> bytes are all or nothing. With O_DIRECT
/// a write makes packets: a read takes one of them and drops what does not fit. Thread-safe; never sleeps.
/// </summary>
/// <param name="account">Pays for the buffer; null for nobody. When it refuses, the capacity is what a pipe always has, one page, as
/// beyond Linux's pipe-user-pages-soft.</param>
public sealed class Pipe(MemoryAccount? account = null)
{
    /// <summary>PIPE_BUF.</summary>
    public const int AtomicSize = 4096;

    /// <summary>Capacity of a new pipe in bytes.</summary>
    public const int DefaultCapacity = 65536;

    /// <summary>Largest capacity without CAP_SYS_RESOURCE (/proc/sys/fs/pipe-max-size).</summary>
    public const int MaxCapacity = 1 << 20;

    // What a pipe and its two open files take without any data, roughly.
    private const int OwnSize = 1024;

    private readonly KernelLock _lock = new(LockRank.Object);
    private readonly ByteRing _ring = new();    // guarded by _lock
    private Queue<int>? _segments;              // guarded by _lock: lengths of packets, or of stream bytes between them (negative); null before the first packet
    private int _firstTaken;                    // guarded by _lock: bytes of a leading stream segment that were read
    private int _capacity = DefaultCapacity;    // guarded by _lock
    private int _readers;                       // guarded by _lock
    private int _writers;                       // guarded by _lock

    /// <summary>Woken when there is something to read or the last writer left.</summary>
    public WaitQueue Readable { get; } = new();

    /// <summary>Woken when there is room or the last reader left.</summary>
    public WaitQueue Writable { get; } = new();

    /// <summary>Woken when an end is opened (FIFO rendezvous).</summary>
    public WaitQueue Opened { get; } = new();

    /// <summary>How many read ends were opened, ever.</summary>
    public long ReaderArrivals { get; private set; }

    /// <summary>How many write ends were opened, ever.</summary>
    public long WriterArrivals { get; private set; }

    /// <summary>Bytes that can be read.</summary>
    public int Count
    {
        get
        {
            using (_lock.Enter())
            {
                return _ring.Count;
            }
        }
    }

    /// <summary>Room in bytes.</summary>
    public int Free
    {
        get
        {
            using (_lock.Enter())
            {
                return Math.Max(_capacity - _ring.Count, 0);
            }
        }
    }

    /// <summary>F_GETPIPE_SZ.</summary>
    public int Capacity
    {
        get
        {
            using (_lock.Enter())
            {
                return _capacity;
            }
        }
    }

    /// <summary>True while a read end is open.</summary>
    public bool HasReaders
    {
        get
        {
            using (_lock.Enter())
            {
                return _readers > 0;
            }
        }
    }

    /// <summary>True while a write end is open.</summary>
    public bool HasWriters
    {
        get
        {
            using (_lock.Enter())
            {
                return _writers > 0;
            }
        }
    }

    /// <summary>F_SETPIPE_SZ (fcntl(2)): the capacity, rounded up to a power of two of pages. EBUSY when more is buffered,
    /// EPERM beyond <see cref="MaxCapacity"/> without privilege.</summary>
    public Result<int> SetCapacity(int bytes, bool privileged)
    {
        if (bytes is < 0 or > 1 << 30)
        {
            return Errno.EINVAL;
        }

        var rounded = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(bytes, AtomicSize));
        using (_lock.Enter())
        {
            if (rounded > MaxCapacity && rounded > _capacity && !privileged)
            {
                return Errno.EPERM;
            }

            if (rounded < _ring.Count)
            {
                return Errno.EBUSY;
            }

            _capacity = rounded;
        }

        _ = Writable.Wake(PollEvents.POLLOUT | PollEvents.POLLWRNORM);
        return rounded;
    }

    /// <summary>An end is opened.</summary>
    public void Attach(bool read, bool write) => _ = TryAttach(read, write, alone: true, out _);

    /// <summary>An end is opened.</summary>
    /// <param name="read">It reads.</param>
    /// <param name="write">It writes.</param>
    /// <param name="alone">Also when the other end is not open.</param>
    /// <param name="arrivals">How often the other end had been opened by then; -1 when it is open, or is this one, too.</param>
    /// <returns>False when nothing was opened.</returns>
    internal bool TryAttach(bool read, bool write, bool alone, out long arrivals)
    {
        using (_lock.Enter())
        {
            arrivals = (read || _readers > 0) && (write || _writers > 0) ? -1 : read ? WriterArrivals : ReaderArrivals;
            if (arrivals >= 0 && !alone)
            {
                return false;
            }

            if (_readers == 0 && _writers == 0)
            {
                account?.Charge(OwnSize);
            }

            if (read)
            {
                _readers++;
                ReaderArrivals++;
            }

            if (write)
            {
                _writers++;
                WriterArrivals++;
            }
        }

        _ = Opened.Wake();
        return true;
    }

    /// <summary>An end is closed. What is buffered goes with the last one.</summary>
    public void Detach(bool read, bool write)
    {
        bool noReader, noWriter;
        using (_lock.Enter())
        {
            _readers -= read ? 1 : 0;
            _writers -= write ? 1 : 0;
            noReader = read && _readers == 0;
            noWriter = write && _writers == 0;
            if (_readers == 0 && _writers == 0)
            {
                account?.Release(_ring.Held + OwnSize);
                _ring.Clear();
                _segments = null;
                _firstTaken = 0;
                _capacity = DefaultCapacity;
            }
        }

        if (noReader)
        {
            _ = Writable.Wake(PollEvents.POLLERR | PollEvents.POLLOUT | PollEvents.POLLWRNORM);
        }

        if (noWriter)
        {
            _ = Readable.Wake(PollEvents.POLLHUP | PollEvents.POLLIN | PollEvents.POLLRDNORM);
        }
    }

    /// <summary>Reads: 0 at the end (no writer), EAGAIN when nothing is there yet.</summary>
    public Result<int> Read(Span<byte> destination)
    {
        int count;
        using (_lock.Enter())
        {
            if (_ring.Count == 0)
            {
                return _writers == 0 || destination.IsEmpty ? 0 : Errno.EAGAIN;
            }

            count = _segments is null ? _ring.Read(destination) : ReadSegmentsLocked(destination);
        }

        _ = Writable.Wake(PollEvents.POLLOUT | PollEvents.POLLWRNORM);
        return count;
    }

    /// <summary>Copies without taking (tee(2)); answers as <see cref="Read"/>.</summary>
    public Result<int> Peek(Span<byte> destination)
    {
        using (_lock.Enter())
        {
            return _ring.Count > 0 ? _ring.Peek(destination) : _writers == 0 ? 0 : Errno.EAGAIN;
        }
    }

    /// <summary>Gives back what a splice read but could not pass on. It may exceed the capacity for a moment.</summary>
    public void Unread(ReadOnlySpan<byte> data)
    {
        using (_lock.Enter())
        {
            // Boundaries of packets do not survive.
            _segments = null;
            _firstTaken = 0;
            var held = _ring.Held;
            _ring.Unread(data);
            account?.Charge(_ring.Held - held);
        }

        _ = Readable.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
    }

    /// <summary>Writes. EPIPE without a reader (the caller raises SIGPIPE), EAGAIN when there is no room.</summary>
    /// <param name="source">The bytes.</param>
    /// <param name="packet">O_DIRECT: make packets.</param>
    /// <param name="whole">Take all bytes whatever the capacity: a splice has them already.</param>
    public Result<int> Write(ReadOnlySpan<byte> source, bool packet = false, bool whole = false)
    {
        int count;
        using (_lock.Enter())
        {
            if (source.IsEmpty)
            {
                return 0;
            }

            if (_readers == 0)
            {
                return Errno.EPIPE;
            }

            var free = whole ? source.Length : _capacity - _ring.Count;
            if (free <= 0 || (source.Length <= AtomicSize && free < source.Length))
            {
                return Errno.EAGAIN;
            }

            count = Math.Min(free, source.Length);
            if (_ring.HeldWith(count) - _ring.Held is > 0 and var more && account?.TryCharge(more) == false)
            {
                var room = Math.Max(_ring.Held, AtomicSize) - _ring.Count;
                if (!whole && (room <= 0 || (source.Length <= AtomicSize && room < source.Length)))
                {
                    return Errno.EAGAIN;
                }

                count = whole ? count : Math.Min(room, count);
                account.Charge(_ring.HeldWith(count) - _ring.Held);
            }

            if (packet || _segments is not null)
            {
                AddSegmentsLocked(count, packet);
            }

            _ring.Write(source[..count]);
        }

        _ = Readable.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
        return count;
    }

    /// <summary>What poll(2) says of an end.</summary>
    /// <param name="read">It reads.</param>
    /// <param name="write">It writes.</param>
    /// <param name="writersSeen">The number of writers that had come when the end was opened without one; no hang-up before another comes.</param>
    public PollEvents GetEvents(bool read, bool write, long writersSeen)
    {
        var events = PollEvents.None;
        using (_lock.Enter())
        {
            if (read)
            {
                events |= _ring.Count > 0 ? PollEvents.POLLIN | PollEvents.POLLRDNORM : PollEvents.None;
                events |= _writers == 0 && writersSeen != WriterArrivals ? PollEvents.POLLHUP : PollEvents.None;
            }

            if (write)
            {
                events |= _capacity - _ring.Count >= AtomicSize ? PollEvents.POLLOUT | PollEvents.POLLWRNORM : PollEvents.None;
                events |= _readers == 0 ? PollEvents.POLLERR : PollEvents.None;
            }
        }

        return events;
    }

    private int ReadSegmentsLocked(Span<byte> destination)
    {
        var total = 0;
        while (_segments!.TryPeek(out var segment))
        {
            if (segment > 0)
            {
                if (total == 0)
                {
                    // A packet: what does not fit is lost (pipe(2), O_DIRECT).
                    total = _ring.Peek(destination[..Math.Min(segment, destination.Length)]);
                    _ring.Skip(segment);
                    _ = _segments.Dequeue();
                }

                break;
            }

            var count = _ring.Read(destination.Slice(total, Math.Min(-segment - _firstTaken, destination.Length - total)));
            total += count;
            _firstTaken += count;
            if (_firstTaken < -segment)
            {
                break;
            }

            _firstTaken = 0;
            _ = _segments.Dequeue();
        }

        if (_segments.Count == 0)
        {
            _segments = null;
        }

        return total;
    }

    private void AddSegmentsLocked(int count, bool packet)
    {
        if (_segments is null)
        {
            _segments = new Queue<int>();
            if (_ring.Count > 0)
            {
                _segments.Enqueue(-_ring.Count);
            }
        }

        if (!packet)
        {
            _segments.Enqueue(-count);
            return;
        }

        for (; count > 0; count -= AtomicSize)
        {
            _segments.Enqueue(Math.Min(count, AtomicSize));
        }
    }
}
