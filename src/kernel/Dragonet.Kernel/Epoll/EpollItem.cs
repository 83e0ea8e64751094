using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>One file in the interest list of an epoll instance. It is told by the file's wait queues and then puts itself in the ready list.
/// Everything that changes is guarded by the instance's lock.</summary>
internal sealed class EpollItem : Waiter
{
    private readonly List<WaitQueue.Entry> _entries = []; // guarded by Epoll.ItemLock
    private readonly Watch _watch;

    public EpollItem(EpollFile epoll, OpenFile file, int fd, bool exclusive)
    {
        Epoll = epoll;
        File = file;
        Fd = fd;
        IsExclusive = exclusive;
        Node = new LinkedListNode<EpollItem>(this);
        _watch = new Watch(this);
    }

    public EpollFile Epoll { get; }

    /// <summary>The file; no reference is held (epoll(7): an item goes when the last descriptor goes).</summary>
    public OpenFile File { get; }

    public int Fd { get; }

    public bool IsExclusive { get; }

    /// <summary>Its place in the ready list; linked while it is in there.</summary>
    public LinkedListNode<EpollItem> Node { get; }

    /// <summary>The events it waits for, errors included; none while EPOLLONESHOT has disabled it.</summary>
    public PollEvents Mask { get; set; }

    public EpollFlags Options { get; set; }

    public ulong Data { get; set; }

    public bool IsRemoved { get; set; }

    public FileWatcher Watcher => _watch;

    /// <inheritdoc/>
    public override bool Fire(WaitQueue.Entry entry, PollEvents events) => Epoll.OnEvent(this, events);

    /// <summary>Looks at the file and registers with its queues.</summary>
    public PollEvents Register(object? caller) => File.Poll(new Registration(this, caller));

    /// <summary>Leaves every queue.</summary>
    public void Unregister()
    {
        WaitQueue.Entry[] entries;
        lock (Epoll.ItemLock)
        {
            entries = [.. _entries];
            _entries.Clear();
        }

        foreach (var entry in entries)
        {
            entry.Queue.Remove(entry);
        }
    }

    private void AddEntry(WaitQueue queue)
    {
        var entry = queue.Add(this, PollEvents.All, IsExclusive);
        lock (Epoll.ItemLock)
        {
            if (!IsRemoved)
            {
                _entries.Add(entry);
                return;
            }
        }

        queue.Remove(entry);
    }

    private sealed class Registration(EpollItem item, object? caller) : PollWait
    {
        public override object? Caller => caller;

        public override void Add(WaitQueue queue, PollEvents interest = PollEvents.All, bool exclusive = false) => item.AddEntry(queue);
    }

    private sealed class Watch(EpollItem item) : FileWatcher
    {
        public override void OnRelease(OpenFile file) => item.Epoll.Forget(item);
    }
}
