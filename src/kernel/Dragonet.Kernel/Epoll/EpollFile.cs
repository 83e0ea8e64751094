using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>
/// An epoll instance (epoll(7)): files of interest, and a list of those that may be ready, fed by the files' wait queues. A look at the
/// ready files costs as much as there are ready ones. Thread-safe; files are polled with no lock held, so that they may take theirs.
/// </summary>
/// <param name="kernel">The kernel.</param>
public sealed class EpollFile(Kernel kernel) : AnonymousFile("eventpoll", OpenFlags.O_RDWR)
{
    /// <summary>An instance may watch instances that watch instances … this many deep (epoll_ctl(2), ELOOP).</summary>
    private const int MaxDepth = 5;

    private readonly Dictionary<(OpenFile File, int Fd), EpollItem> _items = []; // guarded by ItemLock
    private readonly LinkedList<EpollItem> _ready = new();                       // guarded by ItemLock
    private readonly List<EpollFile> _parents = [];                              // guarded by kernel.EpollLock: instances that watch this one

    /// <summary>Woken when a file may be ready.</summary>
    public WaitQueue Queue { get; } = new();

    /// <summary>A leaf: taken under the locks of wait queues.</summary>
    internal Lock ItemLock { get; } = new();

    /// <summary>True when the ready list is not empty; some of it may turn out not to be ready.</summary>
    public bool MayBeReady
    {
        get
        {
            lock (ItemLock)
            {
                return _ready.Count > 0;
            }
        }
    }

    /// <inheritdoc/>
    public override string FdInfo
    {
        get
        {
            var text = new StringBuilder();
            lock (ItemLock)
            {
                foreach (var item in _items.Values)
                {
                    _ = text.Append($"tfd: {item.Fd,8} events: {(uint)item.Mask | (uint)item.Options,8:x} data: {item.Data,16:x}  pos:0 ino:1 sdev:0\n");
                }
            }

            return text.ToString();
        }
    }

    /// <summary>EPOLL_CTL_ADD.</summary>
    /// <param name="file">The file; the caller borrows it.</param>
    /// <param name="fd">The descriptor it was added as.</param>
    /// <param name="events">Events and EPOLL* flags.</param>
    /// <param name="data">Given back with its events.</param>
    /// <param name="caller">The task, for files that show the poller's own state.</param>
    public Errno Add(OpenFile file, int fd, uint events, ulong data, object? caller)
    {
        var item = new EpollItem(this, file, fd, (events & (uint)EpollFlags.EPOLLEXCLUSIVE) != 0);
        var child = file as EpollFile;
        using (kernel.EpollLock.Enter())
        {
            if (child is not null && (child == this || child.Reaches(this) || DepthAbove() + child.DepthBelow() > MaxDepth))
            {
                return Errno.ELOOP;
            }

            lock (ItemLock)
            {
                if (!_items.TryAdd((file, fd), item))
                {
                    return Errno.EEXIST;
                }

                Configure(item, events, data);
            }

            child?._parents.Add(this);
        }

        if (!file.AddWatcher(item.Watcher))
        {
            Forget(item);
            return Errno.EBADF;
        }

        OfferIfReady(item, item.Register(caller));
        return Errno.OK;
    }

    /// <summary>EPOLL_CTL_MOD.</summary>
    public Errno Modify(OpenFile file, int fd, uint events, ulong data, object? caller)
    {
        EpollItem? item;
        lock (ItemLock)
        {
            if (!_items.TryGetValue((file, fd), out item))
            {
                return Errno.ENOENT;
            }

            if (item.IsExclusive)
            {
                return Errno.EINVAL;
            }

            Configure(item, events, data);
        }

        OfferIfReady(item, file.Poll(new PollObserver(caller)));
        return Errno.OK;
    }

    /// <summary>EPOLL_CTL_DEL.</summary>
    public Errno Remove(OpenFile file, int fd)
    {
        EpollItem? item;
        lock (ItemLock)
        {
            if (!_items.TryGetValue((file, fd), out item))
            {
                return Errno.ENOENT;
            }
        }

        file.RemoveWatcher(item.Watcher);
        Forget(item);
        return Errno.OK;
    }

    /// <summary>Reports ready files, the longest waiting first. What stays ready (level triggered) goes to the end of the list.</summary>
    /// <returns>How many.</returns>
    public int Collect(Span<epoll_event> output, PollObserver observer)
    {
        int rounds;
        lock (ItemLock)
        {
            rounds = _ready.Count;
        }

        var count = 0;
        for (; rounds > 0 && count < output.Length; rounds--)
        {
            EpollItem item;
            lock (ItemLock)
            {
                if (_ready.First is not { } first)
                {
                    break;
                }

                item = first.Value;
                _ready.Remove(first);
            }

            var events = item.File.Poll(observer);
            lock (ItemLock)
            {
                events &= item.Mask;
                if (item.IsRemoved || events == 0)
                {
                    continue;
                }

                output[count++] = new epoll_event { events = (uint)events, data = item.Data };
                if ((item.Options & EpollFlags.EPOLLONESHOT) != 0)
                {
                    item.Mask = PollEvents.None;
                }
                else if ((item.Options & EpollFlags.EPOLLET) == 0 && item.Node.List is null)
                {
                    _ready.AddLast(item.Node);
                }
            }
        }

        return count;
    }

    /// <summary>A waiter leaves, with events or without: when there is more, it is somebody else's turn.</summary>
    public void PassOn()
    {
        if (MayBeReady)
        {
            _ = Queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM, exclusive: 1);
        }
    }

    /// <inheritdoc/>
    public override PollEvents Poll(PollWait? wait)
    {
        wait?.Add(Queue);
        EpollItem[] candidates;
        lock (ItemLock)
        {
            if (_ready.Count == 0)
            {
                return PollEvents.None;
            }

            candidates = [.. _ready];
        }

        var observer = new PollObserver(wait?.Caller);
        foreach (var item in candidates)
        {
            if ((item.File.Poll(observer) & item.Mask) != 0)
            {
                return PollEvents.POLLIN | PollEvents.POLLRDNORM;
            }
        }

        return PollEvents.None;
    }

    /// <summary>Called from a file's wait queue.</summary>
    internal bool OnEvent(EpollItem item, PollEvents events)
    {
        lock (ItemLock)
        {
            if (item.IsRemoved || (events & item.Mask) == 0)
            {
                return false;
            }

            if (item.Node.List is null)
            {
                _ready.AddLast(item.Node);
            }
        }

        var woken = Queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM, exclusive: 1);
        return !item.IsExclusive || woken > 0;
    }

    /// <summary>Takes an item out.</summary>
    internal void Forget(EpollItem item)
    {
        using (kernel.EpollLock.Enter())
        {
            lock (ItemLock)
            {
                if (item.IsRemoved)
                {
                    return;
                }

                item.IsRemoved = true;
                _ = _items.Remove((item.File, item.Fd));
                if (item.Node.List is not null)
                {
                    _ready.Remove(item.Node);
                }
            }

            _ = (item.File as EpollFile)?._parents.Remove(this);
        }

        item.Unregister();
    }

    /// <inheritdoc/>
    protected override void OnRelease()
    {
        EpollItem[] items;
        lock (ItemLock)
        {
            items = [.. _items.Values];
        }

        foreach (var item in items)
        {
            item.File.RemoveWatcher(item.Watcher);
            Forget(item);
        }
    }

    private static void Configure(EpollItem item, uint events, ulong data)
    {
        item.Mask = ((PollEvents)events & PollEvents.All) | PollEvents.POLLERR | PollEvents.POLLHUP;
        item.Options = (EpollFlags)(events & ~(uint)PollEvents.All);
        item.Data = data;
    }

    private void OfferIfReady(EpollItem item, PollEvents events) => _ = OnEvent(item, events);

    private bool Reaches(EpollFile other)
    {
        foreach (var child in Children())
        {
            if (child == other || child.Reaches(other))
            {
                return true;
            }
        }

        return false;
    }

    private int DepthBelow()
    {
        var deepest = 0;
        foreach (var child in Children())
        {
            deepest = Math.Max(deepest, child.DepthBelow());
        }

        return deepest + 1;
    }

    private int DepthAbove()
    {
        var deepest = 0;
        foreach (var parent in _parents)
        {
            deepest = Math.Max(deepest, parent.DepthAbove());
        }

        return deepest + 1;
    }

    private List<EpollFile> Children()
    {
        var children = new List<EpollFile>();
        lock (ItemLock)
        {
            foreach (var (file, _) in _items.Keys)
            {
                if (file is EpollFile child)
                {
                    children.Add(child);
                }
            }
        }

        return children;
    }
}
