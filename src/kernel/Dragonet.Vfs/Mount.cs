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

    /// <summary>Mounts on this one. Guarded by the namespace's lock.</summary>
    internal List<Mount> Children { get; } = [];

    /// <summary>True when files of it are open.</summary>
    public bool IsInUse => Volatile.Read(ref _users) != 0;

    /// <summary>True when files of it are open for writing.</summary>
    public bool HasWriters => Volatile.Read(ref _writers) != 0;

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
        _ = Interlocked.Decrement(ref _users);
        if (writes)
        {
            _ = Interlocked.Decrement(ref _writers);
        }
    }

    internal void SetNamespace(MountNamespace? value) => Namespace = value;
}
