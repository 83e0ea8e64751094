using Dragonet.Abi;

namespace Dragonet.Vfs;

/// <summary>Tells inotify watches what happens to files. Costs one read while nobody watches anything. Thread-safe.</summary>
public sealed class NotifyHub
{
    private int _watches;
    private int _cookie;

    /// <summary>True when there is a watch somewhere.</summary>
    public bool IsActive => Volatile.Read(ref _watches) != 0;

    internal void CountWatch(int change) => _ = Interlocked.Add(ref _watches, change);

    /// <summary>Something happened to a file: its own watches and those of its directory hear of it.</summary>
    public void File(Dentry dentry, InotifyMask mask)
    {
        if (!IsActive || dentry.Inode is not { } inode)
        {
            return;
        }

        if (inode.IsDirectory)
        {
            mask |= InotifyMask.IN_ISDIR;
        }

        var place = dentry.Place;
        inode.WatchesOrNull?.Notify(mask, "", 0, dentry.IsDeleted);
        place.Parent?.Inode?.WatchesOrNull?.Notify(mask, place.Name, 0, dentry.IsDeleted);
    }

    /// <summary>A name appeared in or vanished from a directory.</summary>
    internal void Entry(Inode directory, string name, InotifyMask mask, bool isDirectory, uint cookie = 0)
    {
        if (IsActive)
        {
            directory.WatchesOrNull?.Notify(isDirectory ? mask | InotifyMask.IN_ISDIR : mask, name, cookie, unlinked: false);
        }
    }

    /// <summary>The inode itself was removed or moved.</summary>
    internal void Self(Inode inode, InotifyMask mask)
    {
        if (IsActive)
        {
            inode.WatchesOrNull?.Notify(mask, "", 0, unlinked: false);
        }
    }

    /// <summary>A number that joins the two halves of a rename.</summary>
    internal uint NextCookie() => (uint)Interlocked.Increment(ref _cookie);
}
