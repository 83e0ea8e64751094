using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>An inotify instance (inotify(7)): a queue of events of the inodes it watches. Thread-safe.</summary>
public sealed class InotifyInstance : OpenFile
{
    /// <summary>/proc/sys/fs/inotify/max_queued_events.</summary>
    public const int MaxQueued = 16384;

    /// <summary>/proc/sys/fs/inotify/max_user_watches.</summary>
    public const int MaxWatches = 65536;

    private const int HeaderSize = 16;

    private readonly KernelLock _lock = new(LockRank.Object);
    private readonly NotifyHub _hub;
    private readonly WaitQueue _readable = new();
    private readonly Dictionary<int, InotifyWatch> _watches = []; // guarded by _lock
    private readonly Queue<(int Watch, InotifyMask Mask, uint Cookie, string Name)> _events = new(); // guarded by _lock
    private (int Watch, InotifyMask Mask, uint Cookie, string Name) _last; // guarded by _lock: the newest queued event
    private int _bytes;    // guarded by _lock: size of all queued events
    private int _lastId;   // guarded by _lock
    private bool _overflow; // guarded by _lock

    public InotifyInstance(NotifyHub hub, OpenFlags flags)
        : base(flags & OpenFlags.O_NONBLOCK) => _hub = hub;

    /// <inheritdoc/>
    public override string Description => "anon_inode:inotify";

    /// <summary>inotify_add_watch(2): a new watch, or a changed one.</summary>
    public Result<int> AddWatch(Inode inode, InotifyMask mask)
    {
        var list = inode.Watches;
        using (_lock.Enter())
        {
            if (list.Find(this) is { } known)
            {
                if ((mask & InotifyMask.IN_MASK_CREATE) != 0)
                {
                    return Errno.EEXIST;
                }

                known.Mask = (mask & InotifyMask.IN_MASK_ADD) != 0 ? known.Mask | mask : mask;
                return known.Descriptor;
            }

            if (_watches.Count >= MaxWatches)
            {
                return Errno.ENOSPC;
            }

            var watch = new InotifyWatch(this, inode, ++_lastId) { Mask = mask };
            _watches.Add(watch.Descriptor, watch);
            list.Add(watch);
            _hub.CountWatch(1);
            return watch.Descriptor;
        }
    }

    /// <summary>inotify_rm_watch(2).</summary>
    public Errno RemoveWatch(int descriptor)
    {
        using (_lock.Enter())
        {
            if (!_watches.TryGetValue(descriptor, out var watch))
            {
                return Errno.EINVAL;
            }

            DropLocked(watch);
        }

        _ = _readable.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
        return Errno.OK;
    }

    /// <summary>An event of one watch.</summary>
    internal void Queue(InotifyWatch watch, InotifyMask mask, string name, uint cookie)
    {
        using (_lock.Enter())
        {
            if ((watch.Mask & mask & InotifyMask.IN_ALL_EVENTS) == 0 || !_watches.ContainsKey(watch.Descriptor))
            {
                if ((mask & InotifyMask.IN_DELETE_SELF) != 0 && _watches.ContainsKey(watch.Descriptor))
                {
                    DropLocked(watch);
                    _ = _readable.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
                }

                return;
            }

            AddLocked((watch.Descriptor, mask, cookie, name));
            if ((watch.Mask & InotifyMask.IN_ONESHOT) != 0 || (mask & InotifyMask.IN_DELETE_SELF) != 0)
            {
                DropLocked(watch);
            }
        }

        _ = _readable.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
    }

    /// <inheritdoc/>
    public override Result<int> Read(ICaller caller, Span<byte> destination)
    {
        using (_lock.Enter())
        {
            if (_events.Count == 0)
            {
                return Errno.EAGAIN;
            }

            var written = 0;
            while (_events.TryPeek(out var next))
            {
                var size = Size(next.Name);
                if (written + size > destination.Length)
                {
                    return written == 0 ? Errno.EINVAL : written;
                }

                var target = destination.Slice(written, size);
                target.Clear();
                BinaryPrimitives.WriteInt32LittleEndian(target, next.Watch);
                BinaryPrimitives.WriteUInt32LittleEndian(target[4..], (uint)next.Mask);
                BinaryPrimitives.WriteUInt32LittleEndian(target[8..], next.Cookie);
                BinaryPrimitives.WriteInt32LittleEndian(target[12..], size - HeaderSize);
                ByteString.ToBytes(next.Name).CopyTo(target[HeaderSize..]);
                written += size;
                _bytes -= size;
                _ = _events.Dequeue();
                _overflow &= (next.Mask & InotifyMask.IN_Q_OVERFLOW) == 0;
            }

            return written;
        }
    }

    /// <inheritdoc/>
    public override PollEvents Poll(PollWait? wait)
    {
        wait?.Add(_readable, PollEvents.POLLIN | PollEvents.POLLRDNORM);
        using (_lock.Enter())
        {
            return _events.Count == 0 ? PollEvents.None : PollEvents.POLLIN | PollEvents.POLLRDNORM;
        }
    }

    /// <inheritdoc/>
    public override SysResult Ioctl(ICaller caller, uint request, ulong argument)
    {
        const uint FIONREAD = 0x541B;
        if (request != FIONREAD)
        {
            return Errno.ENOTTY;
        }

        var bytes = new byte[4];
        using (_lock.Enter())
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, _bytes);
        }

        return caller.Memory.Write(argument, bytes);
    }

    /// <inheritdoc/>
    protected override void OnRelease()
    {
        using (_lock.Enter())
        {
            foreach (var watch in _watches.Values)
            {
                watch.Inode.Watches.Remove(watch);
                _hub.CountWatch(-1);
            }

            _watches.Clear();
            _events.Clear();
        }
    }

    // Names are padded with NULs so that the next event is aligned.
    private static int Size(string name) => HeaderSize + (name.Length == 0 ? 0 : (name.Length + 1 + HeaderSize - 1) / HeaderSize * HeaderSize);

    private void AddLocked((int Watch, InotifyMask Mask, uint Cookie, string Name) entry)
    {
        if (_overflow)
        {
            return;
        }

        // An event equal to the newest one that nobody has read is not repeated.
        if (_events.Count != 0 && entry == _last)
        {
            return;
        }

        if (_events.Count >= MaxQueued)
        {
            _overflow = true;
            entry = (-1, InotifyMask.IN_Q_OVERFLOW, 0, "");
        }

        _events.Enqueue(entry);
        _last = entry;
        _bytes += Size(entry.Name);
    }

    private void DropLocked(InotifyWatch watch)
    {
        _ = _watches.Remove(watch.Descriptor);
        watch.Inode.Watches.Remove(watch);
        _hub.CountWatch(-1);
        AddLocked((watch.Descriptor, InotifyMask.IN_IGNORED, 0, ""));
    }
}
