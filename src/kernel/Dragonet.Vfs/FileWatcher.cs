namespace Dragonet.Vfs;

/// <summary>Somebody who must know when an open file goes away without keeping it alive: an epoll instance (epoll(7)).</summary>
public abstract class FileWatcher
{
    /// <summary>The last reference is gone; called once, with no lock held, before the file itself cleans up.</summary>
    public abstract void OnRelease(OpenFile file);
}
