using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>
/// A name in a directory, cached: with an inode, or negative (known not to exist). Cached children are read without a lock; they
/// change under the directory's <see cref="Lock"/>, which also serializes lookups and changes of that directory.
/// </summary>
public sealed partial class Dentry
{
    private readonly KernelLock? _lock;
    private volatile DentryPlace _place;
    private volatile Inode? _inode;
    private volatile bool _deleted;
    private KernelLock? _lateLock;
    private ConcurrentDictionary<string, Dentry>? _children;
    private Mount[]? _mounts; // replaced as a whole
    private int _negatives;
    private int _pruneAt = FirstPrune;

    /// <summary>The root of a file system.</summary>
    internal Dentry(FileSystem fileSystem)
    {
        FileSystem = fileSystem;
        _place = new DentryPlace(null, "");
        _inode = fileSystem.Root;
        _lock = new KernelLock(LockRank.Dentry);
        Id = fileSystem.Vfs.NextDentryId();
    }

    /// <summary>A name; not yet among the parent's children.</summary>
    internal Dentry(FileSystem fileSystem, Dentry? parent, string name, Inode? inode)
    {
        FileSystem = fileSystem;
        _place = new DentryPlace(parent, name);
        _inode = inode;
        Id = fileSystem.Vfs.NextDentryId();
    }

    /// <summary>A place outside any directory: an anonymous object that must look like a file (/proc/PID/fd of a pipe).</summary>
    public static Dentry CreateDetached(Inode inode, string name, bool deleted = false) => new(inode.FileSystem, null, name, inode) { _deleted = deleted };

    /// <summary>The file system of the name.</summary>
    public FileSystem FileSystem { get; }

    /// <summary>Order for taking two directories' locks.</summary>
    internal long Id { get; }

    /// <summary>The directory it is in; null for roots.</summary>
    public Dentry? Parent => _place.Parent;

    /// <summary>The name; empty for roots.</summary>
    public string Name => _place.Name;

    /// <summary>Directory and name, taken together.</summary>
    internal DentryPlace Place => _place;

    /// <summary>The inode, or null for a name known not to exist.</summary>
    public Inode? Inode => _inode;

    /// <summary>True once the name was removed; it may still be open.</summary>
    public bool IsDeleted => _deleted;

    /// <summary>True when something is mounted on it in some namespace.</summary>
    public bool IsMountPoint => Volatile.Read(ref _mounts) is not null;

    /// <summary>What is mounted on it, in all namespaces.</summary>
    internal IReadOnlyList<Mount> Mounts => Volatile.Read(ref _mounts) ?? [];

    /// <summary>For the file system's revalidation: a time, in units of its choice.</summary>
    public long ValidUntil { get; set; }

    /// <summary>Serializes lookups and changes of this directory.</summary>
    internal KernelLock Lock => _lock ?? Volatile.Read(ref _lateLock) ?? Interlocked.CompareExchange(ref _lateLock, new KernelLock(LockRank.Dentry), null) ?? _lateLock!;

    internal void AddMount(Mount mount) => ChangeMounts(old => [.. old, mount]);

    internal void DropMount(Mount mount) => ChangeMounts(old => old is [_] ? null : [.. old.Where(other => other != mount)]);

    /// <summary>A cached child, negative ones included.</summary>
    internal bool TryGetChild(ReadOnlySpan<char> name, [MaybeNullWhen(false)] out Dentry child)
    {
        if (Volatile.Read(ref _children) is { } children)
        {
            return children.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out child);
        }

        child = null;
        return false;
    }

    /// <summary>Caches a child. Lock held.</summary>
    internal Dentry AddChild(string name, Inode? inode)
    {
        if (_children is null)
        {
            Volatile.Write(ref _children, new ConcurrentDictionary<string, Dentry>(1, 7, StringComparer.Ordinal));
        }

        if (inode is null && ++_negatives > MaxNegatives)
        {
            ForgetNegatives();
        }

        var child = new Dentry(FileSystem, this, name, inode);
        FileSystem.OnCached(child);
        _children![name] = child;
        return child;
    }

    /// <summary>Drops children that are no longer valid, once for every doubling of their number. Lock held.</summary>
    internal void Prune(VirtualFileSystem vfs, ICaller caller)
    {
        if (_children is not { } children || children.Count < _pruneAt)
        {
            return;
        }

        foreach (var (name, child) in children)
        {
            if (!vfs.IsValid(caller, child))
            {
                _ = children.TryRemove(new KeyValuePair<string, Dentry>(name, child));
            }
        }

        _pruneAt = Math.Max(FirstPrune, children.Count * 2);
    }

    /// <summary>A negative child becomes a file. Lock held.</summary>
    internal void Instantiate(Inode inode) => _inode = inode;

    /// <summary>Forgets a child whose name is gone (or no longer trusted). Lock held.</summary>
    /// <param name="deleted">The name was removed, so that open files of it show " (deleted)".</param>
    internal void RemoveChild(Dentry child, bool deleted)
    {
        if (deleted)
        {
            child._deleted = true;
        }

        if (_children is { } children)
        {
            _ = children.TryRemove(new KeyValuePair<string, Dentry>(child.Name, child));
        }
    }

    /// <summary>A cached child with an inode; null when none is cached. Takes no lock.</summary>
    public Dentry? FindCached(ReadOnlySpan<char> name) => TryGetChild(name, out var child) && child.Inode is not null ? child : null;

    /// <summary>
    /// Forgets this name and all below it, for file systems whose names vanish by themselves; a mount point stays. Takes no lock: a name that
    /// was looked up anew meanwhile is another dentry, and stays, too.
    /// </summary>
    public void Forget()
    {
        if (!IsMountPoint)
        {
            Parent?.RemoveChild(this, deleted: false);
        }
    }

    /// <summary>It never had a name, or lost it.</summary>
    internal void MarkDeleted() => _deleted = true;

    /// <summary>Moves a child to a new directory and name, where nothing is cached any more. Both locks held.</summary>
    internal static void Move(Dentry child, Dentry newParent, string newName)
    {
        var (parent, name) = (child._place.Parent!, child._place.Name);
        _ = parent._children!.TryRemove(new KeyValuePair<string, Dentry>(name, child));
        child._place = new DentryPlace(newParent, newName);
        if (newParent._children is null)
        {
            Volatile.Write(ref newParent._children, new ConcurrentDictionary<string, Dentry>(1, 7, StringComparer.Ordinal));
        }

        newParent._children![newName] = child;
    }

    /// <summary>Swaps two children (RENAME_EXCHANGE). Both locks held.</summary>
    internal static void Exchange(Dentry first, Dentry second)
    {
        var (one, two) = (first._place, second._place);
        first._place = two;
        second._place = one;
        one.Parent!._children![one.Name] = second;
        two.Parent!._children![two.Name] = first;
    }

    /// <summary>How many names below it are cached.</summary>
    public int CountCached()
    {
        var count = 0;
        var rest = new Stack<Dentry>([this]);
        while (rest.TryPop(out var next))
        {
            if (next._children is { } children)
            {
                count += children.Count;
                foreach (var (_, child) in children)
                {
                    rest.Push(child);
                }
            }
        }

        return count;
    }

    /// <summary>The root it hangs from.</summary>
    public Dentry Top
    {
        get
        {
            var top = this;
            while (top.Parent is { } parent)
            {
                top = parent;
            }

            return top;
        }
    }

    /// <summary>True when this is <paramref name="other"/> or above it.</summary>
    internal bool IsAncestorOf(Dentry other)
    {
        for (var dentry = other; dentry is not null; dentry = dentry.Parent)
        {
            if (ReferenceEquals(dentry, this))
            {
                return true;
            }
        }

        return false;
    }

    private void ChangeMounts(Func<Mount[], Mount[]?> change)
    {
        Mount[]? old;
        do
        {
            old = Volatile.Read(ref _mounts);
        }
        while (Interlocked.CompareExchange(ref _mounts, change(old ?? []), old) != old);
    }

    /// <summary>Drops what is cached below, but for mount points and what holds state.</summary>
    private void ForgetNegatives()
    {
        _negatives = 0;
        foreach (var (name, child) in _children!)
        {
            if (child._inode is null)
            {
                _ = _children.TryRemove(new KeyValuePair<string, Dentry>(name, child));
            }
        }
    }

    // Programs that probe for ever new names must not fill memory.
    private const int MaxNegatives = 2048;

    // As many children are kept before a file system that forgets names is asked about them.
    private const int FirstPrune = 128;
}
