using System.Collections.Concurrent;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>
/// A tree of mounts (mount_namespaces(7)). Lookups are lock-free; changes hold the lock. Propagation is private: every
/// namespace changes alone.
/// </summary>
public sealed partial class MountNamespace
{
    private readonly KernelLock _lock = new(LockRank.MountTree);
    private readonly ConcurrentDictionary<(Mount, Dentry), Mount> _table = new();
    private readonly VirtualFileSystem _vfs;
    private long _version;
    private int _ended;

    /// <summary>A namespace with one mount, its root.</summary>
    public MountNamespace(VirtualFileSystem vfs, MountSource root, MountFlags flags, string device)
    {
        _vfs = vfs;
        RootMount = new Mount(vfs.NextMountId(), root, flags, device) { Namespace = this };
    }

    private MountNamespace(VirtualFileSystem vfs, Mount root)
    {
        _vfs = vfs;
        RootMount = root;
        root.Namespace = this;
    }

    /// <summary>The number in "mnt:[…]".</summary>
    public ulong Id { get; private init; } = FirstId;

    /// <summary>Linux's number of the first one.</summary>
    public const ulong FirstId = 4026531841;

    /// <summary>Who has the capabilities in it may change it; null for the first user namespace.</summary>
    public UserNamespace? Owner { get; private init; }

    /// <summary>The jail that it belongs to: no process of another one enters it. Set before anybody can see it.</summary>
    public IJail? Jail { get; set; }

    /// <summary>How many mounts it may have (mount(2), ENOSPC): one that an ordinary user may make, fewer.</summary>
    private int MostMounts => Owner is null ? 10000 : 1000;

    /// <summary>Who keeps it. A kernel's or a jail's own is kept by that.</summary>
    public UseCount Uses { get; } = new();

    /// <summary>The mount at "/".</summary>
    public Mount RootMount { get; private set; }

    /// <summary>The root directory: the top mount at "/".</summary>
    public VfsPath Root => Top(new VfsPath(RootMount, RootMount.Root));

    /// <summary>Moves with every change (poll of /proc/PID/mounts).</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>Woken with POLLERR and POLLPRI at every change.</summary>
    public WaitQueue Changed { get; } = new();

    /// <summary>The mount on a place, or null.</summary>
    internal Mount? Find(Mount mount, Dentry dentry) => _table.GetValueOrDefault((mount, dentry));

    /// <summary>True when something is mounted on a name, seen through whatever mount.</summary>
    internal bool HasMountOn(Dentry dentry) => _table.Keys.Any(key => ReferenceEquals(key.Item2, dentry));

    /// <summary>Follows mounts on top of each other to what is visible.</summary>
    public VfsPath Top(VfsPath path)
    {
        var (mount, dentry) = (path.Mount, path.Dentry);
        while (dentry.IsMountPoint && Find(mount, dentry) is { } on)
        {
            (mount, dentry) = (on, on.Root);
        }

        return ReferenceEquals(mount, path.Mount) ? path : new VfsPath(mount, dentry);
    }

    /// <summary>Every mount, parents before children.</summary>
    public IReadOnlyList<Mount> List()
    {
        using (_lock.Enter())
        {
            var list = new List<Mount>();
            Collect(RootMount, list);
            return list;
        }
    }

    /// <summary>Mounts on a directory (or a file on a file).</summary>
    public Result<Mount> Attach(VfsPath target, MountSource source, MountFlags flags, string device)
    {
        if (source.Root.Inode!.IsDirectory != target.Inode.IsDirectory)
        {
            return Errno.ENOTDIR;
        }

        using (_lock.Enter())
        {
            target = Top(target);
            if (target.Dentry.IsDeleted)
            {
                return Errno.ENOENT;
            }

            if (!ReferenceEquals(target.Mount.Namespace, this))
            {
                return Errno.EINVAL;
            }

            if (_table.Count >= MostMounts)
            {
                return Errno.ENOSPC;
            }

            var mount = new Mount(_vfs.NextMountId(), source, flags | source.Inherited, device);
            AttachLocked(mount, target);
            return mount;
        }
    }

    /// <summary>Bind mount: the same dentry through another mount; with <paramref name="recursive"/> what is mounted below it, too. EINVAL when what
    /// a locked mount covers would be seen.</summary>
    public Result<Mount> Bind(VfsPath source, VfsPath target, bool recursive)
    {
        if (source.Inode.IsDirectory != target.Inode.IsDirectory)
        {
            return Errno.ENOTDIR;
        }

        using (_lock.Enter())
        {
            target = Top(target);
            if (target.Dentry.IsDeleted)
            {
                return Errno.ENOENT;
            }

            if (!ReferenceEquals(target.Mount.Namespace, this) || source.Mount.Namespace is null)
            {
                return Errno.EINVAL;
            }

            if (!recursive && HasLocked(source.Mount, source.Dentry))
            {
                return Errno.EINVAL; // it would show what they cover
            }

            if (_table.Count + (recursive ? CountBelow(source.Mount) : 1) > MostMounts)
            {
                return Errno.ENOSPC;
            }

            var copy = CopyTree(source.Mount, source.Dentry, recursive, null);
            copy.IsLocked = false;
            AttachLocked(copy, target);
            return copy;
        }
    }

    /// <summary>Moves a mount (MS_MOVE). EINVAL when <paramref name="source"/> is no mount's root; ELOOP into itself.</summary>
    public Errno Move(VfsPath source, VfsPath target)
    {
        var mount = source.Mount;
        if (!ReferenceEquals(source.Dentry, mount.Root) || mount.Parent is null || mount.IsLocked)
        {
            return Errno.EINVAL;
        }

        if (source.Inode.IsDirectory != target.Inode.IsDirectory)
        {
            return Errno.ENOTDIR;
        }

        using (_lock.Enter())
        {
            target = Top(target);
            if (target.Dentry.IsDeleted)
            {
                return Errno.ENOENT;
            }

            if (!ReferenceEquals(mount.Namespace, this) || !ReferenceEquals(target.Mount.Namespace, this))
            {
                return Errno.EINVAL;
            }

            for (var above = target.Mount; above is not null; above = above.Parent)
            {
                if (ReferenceEquals(above, mount))
                {
                    return Errno.ELOOP;
                }
            }

            DetachLocked(mount);
            AttachLocked(mount, target);
            return Errno.OK;
        }
    }

    /// <summary>Changes the flags of a mount (MS_REMOUNT | MS_BIND, and the second half of MS_REMOUNT). EBUSY for read-only with writers, EPERM for what
    /// is locked, EINVAL for a mount of another namespace.</summary>
    public Errno SetFlags(Mount mount, MountFlags flags)
    {
        using (_lock.Enter())
        {
            if (!ReferenceEquals(mount.Namespace, this))
            {
                return Errno.EINVAL;
            }

            if (mount.Refuses(flags))
            {
                return Errno.EPERM;
            }

            if ((flags & MountFlags.MS_RDONLY) != 0 && !mount.Has(MountFlags.MS_RDONLY) && mount.HasWriters)
            {
                return Errno.EBUSY;
            }

            mount.Flags = flags;
            ChangedLocked();
            return Errno.OK;
        }
    }

    /// <summary>umount2(2). EINVAL when the path is no mount's root; EBUSY while it is used, unless lazy.</summary>
    public Errno Unmount(VfsPath path, bool lazy)
    {
        var mount = path.Mount;
        if (!ReferenceEquals(path.Dentry, mount.Root))
        {
            return Errno.EINVAL;
        }

        using (_lock.Enter())
        {
            if (!ReferenceEquals(mount.Namespace, this) || mount.Parent is null || mount.IsLocked)
            {
                return Errno.EINVAL;
            }

            if (!lazy && (mount.Children.Count != 0 || mount.IsInUse))
            {
                return Errno.EBUSY;
            }

            DropTreeLocked(mount);
            return Errno.OK;
        }
    }

    /// <summary>A name is removed: what was mounted on it, in whatever namespace, is detached (mount_namespaces(7), "Restrictions on mount
    /// namespaces"). No lock is held.</summary>
    internal static void DetachFrom(Dentry removed)
    {
        Interlocked.MemoryBarrier(); // the name is marked; who mounts on it now looks at the mark
        foreach (var mount in removed.Mounts)
        {
            if (mount.Namespace is { } space)
            {
                using (space._lock.Enter())
                {
                    if (ReferenceEquals(mount.Namespace, space) && ReferenceEquals(mount.MountPoint, removed))
                    {
                        space.DropTreeLocked(mount);
                    }
                }
            }
        }
    }

    /// <summary>pivot_root(2): <paramref name="newRoot"/> becomes "/", the old root is mounted on <paramref name="putOld"/>.</summary>
    /// <returns>The new and the old root directory, for the tasks that had the old one.</returns>
    public Result<(VfsPath NewRoot, VfsPath OldRoot)> Pivot(VfsPath newRoot, VfsPath putOld, VfsPath root)
    {
        using (_lock.Enter())
        {
            var mount = newRoot.Mount;
            var old = root.Mount;
            if (!ReferenceEquals(newRoot.Dentry, mount.Root) || !ReferenceEquals(root.Dentry, old.Root) || mount.Parent is null || mount.IsLocked
                || !ReferenceEquals(mount.Namespace, this) || !ReferenceEquals(old.Namespace, this) || !ReferenceEquals(putOld.Mount.Namespace, this))
            {
                return Errno.EINVAL;
            }

            if (ReferenceEquals(mount, old) || ReferenceEquals(putOld.Mount, old) || !ReachableLocked(putOld, newRoot))
            {
                return ReferenceEquals(mount, old) || ReferenceEquals(putOld.Mount, old) ? Errno.EBUSY : Errno.EINVAL;
            }

            var above = old.Place;
            DetachLocked(mount);
            if (above is not null)
            {
                DetachLocked(old);
                AttachLocked(mount, new VfsPath(above.Parent, above.Point));
            }
            else
            {
                RootMount = mount;
            }

            (mount.IsLocked, old.IsLocked) = (old.IsLocked, false);
            AttachLocked(old, putOld);
            return (newRoot, root);
        }
    }

    /// <summary>Ends the namespace: every mount is detached.</summary>
    public void Dissolve()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
        {
            return;
        }

        using (_lock.Enter())
        {
            DropTreeLocked(RootMount);
        }
    }

    private static bool ReachableLocked(VfsPath path, VfsPath root)
    {
        var (mount, dentry) = (path.Mount, path.Dentry);
        while (!ReferenceEquals(mount, root.Mount))
        {
            if (mount.Place is not { } place)
            {
                return false;
            }

            (mount, dentry) = (place.Parent, place.Point);
        }

        return root.Dentry.IsAncestorOf(dentry);
    }

    private static void Collect(Mount mount, List<Mount> list)
    {
        list.Add(mount);
        foreach (var child in mount.Children)
        {
            Collect(child, list);
        }
    }

    private void AttachLocked(Mount mount, VfsPath target)
    {
        mount.Place = new MountPlace(target.Mount, target.Dentry);
        target.Mount.Children.Add(mount);
        RegisterLocked(mount);
        ChangedLocked();
        if (target.Dentry.IsDeleted)
        {
            DropTreeLocked(mount); // removed meanwhile, by somebody who has not seen the mount
        }
    }

    private void RegisterLocked(Mount mount)
    {
        mount.Namespace = this;
        if (mount.Place is { } place)
        {
            _table[(place.Parent, place.Point)] = mount;
            place.Point.AddMount(mount);
        }

        foreach (var child in mount.Children)
        {
            if (child.Namespace is null)
            {
                RegisterLocked(child);
            }
        }
    }

    private void DetachLocked(Mount mount)
    {
        if (mount.Place is { } place)
        {
            _ = _table.TryRemove((place.Parent, place.Point), out _);
            place.Point.DropMount(mount);
            _ = place.Parent.Children.Remove(mount);
            mount.Place = null;
        }

        ChangedLocked();
    }

    private void DropTreeLocked(Mount mount)
    {
        foreach (var child in mount.Children.ToArray())
        {
            if (child is { IsLocked: true, MountPoint: { } point })
            {
                mount.Cover(point);
            }

            DropTreeLocked(child);
        }

        DetachLocked(mount);
        mount.Namespace = null;
        mount.End();
    }

    private void ChangedLocked()
    {
        _ = Interlocked.Increment(ref _version);
        _ = Changed.Wake(PollEvents.POLLERR | PollEvents.POLLPRI);
    }
}
