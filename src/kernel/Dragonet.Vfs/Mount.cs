using Dragonet.Abi;

namespace Dragonet.Vfs;

/// <summary>One attachment of a subtree of a file system to the tree. Links are changed under the namespace's lock.</summary>
public sealed class Mount
{
    /// <summary>The flags that a mount has, as opposed to a file system.</summary>
    public const MountFlags PerMount = MountFlags.MS_RDONLY | MountFlags.MS_NOSUID | MountFlags.MS_NODEV | MountFlags.MS_NOEXEC
        | MountFlags.MS_NOATIME | MountFlags.MS_NODIRATIME | MountFlags.MS_RELATIME | MountFlags.MS_NOSYMFOLLOW;

    private volatile MountPlace? _place;
    private long _flags;
    private int _users;
    private int _ended; // 1: detached; 2: and the file system knows
    private int _writers;

    internal Mount(int id, MountSource source, MountFlags flags, string device)
    {
        Id = id;
        FileSystem = source.FileSystem;
        Root = source.Root;
        DeviceOverride = source.Device;
        SourceName = device;
        _flags = (long)(flags & PerMount);
        FileSystem.AddMount();
    }

    /// <summary>The number in /proc/PID/mountinfo.</summary>
    public int Id { get; }

    public FileSystem FileSystem { get; }

    /// <summary>The dentry that the mount shows at its mount point.</summary>
    public Dentry Root { get; }

    /// <summary>What mount(8) showed as the device.</summary>
    public string SourceName { get; }

    /// <summary>st_dev seen through this mount when it is not the file system's (nullfs).</summary>
    public ulong? DeviceOverride { get; }

    /// <summary>MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_RELATIME …</summary>
    public MountFlags Flags
    {
        get => (MountFlags)Volatile.Read(ref _flags);
        internal set => Volatile.Write(ref _flags, (long)(value & PerMount));
    }

    /// <summary>True when nothing may be changed through it.</summary>
    public bool IsReadOnly => (Flags & MountFlags.MS_RDONLY) != 0 || FileSystem.IsReadOnly;

    public bool Has(MountFlags flag) => (Flags & flag) != 0;

    /// <summary>The namespace it is in; null once it is detached.</summary>
    public MountNamespace? Namespace { get; internal set; }

    /// <summary>Where it is mounted; null for the root of a namespace and for detached mounts.</summary>
    internal MountPlace? Place
    {
        get => _place;
        set => _place = value;
    }

    /// <summary>The mount it is mounted on, or null.</summary>
    public Mount? Parent => _place?.Parent;

    /// <summary>The dentry it covers, or null.</summary>
    public Dentry? MountPoint => _place?.Point;

    /// <summary>It came from a more privileged mount namespace: alone it is neither unmounted nor moved, so that what it covers stays covered
    /// (mount_namespaces(7), "Restrictions on mount namespaces").</summary>
    public bool IsLocked { get; internal set; }

    /// <summary>Flags that a less privileged mount namespace does not take away from it.</summary>
    internal MountFlags LockedFlags { get; set; }

    /// <summary>What says how access times are kept is not to be changed, either.</summary>
    internal bool LocksTimes { get; set; }

    /// <summary>Once it is detached: names on which locked mounts were. Nobody sees what these covered.</summary>
    internal IReadOnlySet<Dentry>? Covered { get; private set; }

    /// <summary>Its tree is taken apart, a locked mount on it as well.</summary>
    internal void Cover(Dentry point) => Covered = new HashSet<Dentry>(Covered ?? (IReadOnlySet<Dentry>)new HashSet<Dentry>()) { point };

    /// <summary>Flags stay as they are in a less privileged mount namespace.</summary>
    internal void LockFlags()
    {
        LockedFlags = Flags & (MountFlags.MS_RDONLY | MountFlags.MS_NOSUID | MountFlags.MS_NODEV | MountFlags.MS_NOEXEC);
        LocksTimes = true;
    }

    /// <summary>The same locks as another mount.</summary>
    internal void CopyLocks(Mount other) => (IsLocked, LockedFlags, LocksTimes) = (other.IsLocked, other.LockedFlags, other.LocksTimes);

    /// <summary>True when a change of flags would open a lock.</summary>
    internal bool Refuses(MountFlags flags)
    {
        const MountFlags times = MountFlags.MS_NOATIME | MountFlags.MS_NODIRATIME | MountFlags.MS_RELATIME;
        return (LockedFlags & ~flags) != 0 || (LocksTimes && ((flags ^ Flags) & times) != 0);
    }

    /// <summary>Mounts on this one. Guarded by the namespace's lock.</summary>
    internal List<Mount> Children { get; } = [];

    /// <summary>True when files of it are open, or somebody has his root or working directory in it.</summary>
    public bool IsInUse => Volatile.Read(ref _users) != 0;

    /// <summary>True when files of it are open for writing.</summary>
    public bool HasWriters => Volatile.Read(ref _writers) != 0;

    /// <summary>Somebody has his root or working directory in it from now on.</summary>
    public void Hold() => AddUser(writes: false);

    /// <summary>No longer so.</summary>
    public void LetGo() => DropUser(writes: false);

    internal void AddUser(bool writes)
    {
        _ = Interlocked.Increment(ref _users);
        if (writes)
        {
            _ = Interlocked.Increment(ref _writers);
        }
    }

    internal void DropUser(bool writes)
    {
        if (writes)
        {
            _ = Interlocked.Decrement(ref _writers);
        }

        if (Interlocked.Decrement(ref _users) == 0 && Volatile.Read(ref _ended) == 1)
        {
            EndIfUnused();
        }
    }

    /// <summary>It is detached: its file system has one mount less once nobody uses it.</summary>
    internal void End()
    {
        _ = Interlocked.CompareExchange(ref _ended, 1, 0);
        EndIfUnused();
    }

    private void EndIfUnused()
    {
        if (!IsInUse && Interlocked.CompareExchange(ref _ended, 2, 1) == 1)
        {
            FileSystem.DropMount();
        }
    }

    internal void SetNamespace(MountNamespace? value) => Namespace = value;
}
