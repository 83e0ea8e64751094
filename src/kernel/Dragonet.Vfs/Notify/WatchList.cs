using Dragonet.Abi;

namespace Dragonet.Vfs;

/// <summary>The inotify watches on one inode. Thread-safe; its lock is a leaf but for the instances' queues.</summary>
internal sealed class WatchList
{
    private readonly Lock _lock = new();
    private InotifyWatch[] _watches = []; // replaced as a whole

    public void Add(InotifyWatch watch)
    {
        lock (_lock)
        {
            Volatile.Write(ref _watches, [.. _watches, watch]);
        }
    }

    public void Remove(InotifyWatch watch)
    {
        lock (_lock)
        {
            Volatile.Write(ref _watches, Array.FindAll(_watches, w => !ReferenceEquals(w, watch)));
        }
    }

    public InotifyWatch? Find(InotifyInstance instance)
    {
        foreach (var watch in Volatile.Read(ref _watches))
        {
            if (ReferenceEquals(watch.Instance, instance))
            {
                return watch;
            }
        }

        return null;
    }

    public void Notify(InotifyMask mask, string name, uint cookie, bool unlinked)
    {
        foreach (var watch in Volatile.Read(ref _watches))
        {
            if (!unlinked || (watch.Mask & InotifyMask.IN_EXCL_UNLINK) == 0)
            {
                watch.Instance.Queue(watch, mask, name, cookie);
            }
        }
    }
}
