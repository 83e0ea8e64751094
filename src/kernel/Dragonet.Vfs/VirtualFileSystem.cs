using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Memory;

namespace Dragonet.Vfs;

/// <summary>
/// The VFS of one kernel: path walks, opening, names and attributes, with all the checks that do not depend on a file system.
/// Everything is in terms of a <see cref="WalkContext"/>; it knows neither tasks nor descriptors. Thread-safe.
/// </summary>
public sealed partial class VirtualFileSystem
{
    private readonly Func<long> _realtime;
    private long _lastDentry;
    private int _lastDevice;
    private int _lastMount;

    /// <param name="realtime">The kernel's CLOCK_REALTIME in nanoseconds.</param>
    public VirtualFileSystem(Func<long> realtime) => _realtime = realtime;

    /// <summary>CLOCK_REALTIME in nanoseconds, for file times.</summary>
    public long Now => _realtime();

    /// <summary>File system types that mount(2) knows.</summary>
    public FileSystemRegistry Types { get; } = new();

    /// <summary>Devices.</summary>
    public DeviceRegistry Devices { get; } = new();

    /// <summary>inotify.</summary>
    public NotifyHub Notify { get; } = new();

    /// <summary>Who waits for which record lock.</summary>
    public LockWaits LockWaits { get; } = new();

    /// <summary>Opens FIFOs; ENXIO while nobody does.</summary>
    public FifoOpener OpenFifo { get; set; } = static (_, _, _) => Errno.ENXIO;

    /// <summary>Pays for the pages of all file systems in memory together; null for nobody.</summary>
    public IMemoryAccount? FileMemory { get; set; }

    /// <summary>Makes files in memory; ENOSYS while nobody does.</summary>
    public MemoryFileFactory CreateMemoryFile { get; set; } = static (_, _, _, _, _) => Errno.ENOSYS;

    /// <summary>A mount that is in no namespace, for files that the kernel keeps to itself.</summary>
    public Mount CreateInternalMount(FileSystem fileSystem) => new(NextMountId(), new MountSource(fileSystem), MountFlags.None, "none");

    /// <summary>A number for a file system without a device: major 0.</summary>
    public ulong AllocateDevice() => DeviceNumber.Make(0, (uint)Interlocked.Increment(ref _lastDevice));

    internal long NextDentryId() => Interlocked.Increment(ref _lastDentry);

    internal int NextMountId() => Interlocked.Increment(ref _lastMount) + 20;

    /// <summary>Finds a place. ENOENT when there is none.</summary>
    public Result<VfsPath> Lookup(in WalkContext context, string path, WalkFlags flags)
    {
        var walk = new PathWalk(this, context.Caller);
        var error = walk.Start(context, path, flags);
        if (error == Errno.OK)
        {
            error = walk.Run(parent: false);
        }

        return error == Errno.OK ? walk.Place : error;
    }

    /// <summary>True when a cached dentry may be used.</summary>
    internal bool IsValid(ICaller caller, Dentry dentry)
    {
        var fileSystem = dentry.FileSystem;
        return dentry.Inode is null
            ? fileSystem.CachesNegative && (!fileSystem.NeedsRevalidation || fileSystem.Revalidate(caller, dentry))
            : !fileSystem.NeedsRevalidation || dentry.IsMountPoint || fileSystem.Revalidate(caller, dentry);
    }

    /// <summary>True when something is mounted on a name in the namespace of the mount it is seen through: mounts elsewhere hold no name
    /// (mount_namespaces(7), "Restrictions on mount namespaces").</summary>
    private static bool IsMountedOn(Mount mount, Dentry dentry) => dentry.IsMountPoint && mount.Namespace?.HasMountOn(dentry) != false;

    /// <summary>Asks the file system for a name and caches the answer.</summary>
    internal Result<Dentry> LookupSlow(ICaller caller, Dentry directory, string name)
    {
        using (directory.Lock.Enter())
        {
            return LookupLocked(caller, directory, name);
        }
    }

    /// <summary>A child, negative or not; the directory's lock is held.</summary>
    internal Result<Dentry> LookupLocked(ICaller caller, Dentry directory, string name)
    {
        if (directory.TryGetChild(name, out var child))
        {
            if (IsValid(caller, child))
            {
                return child;
            }

            directory.RemoveChild(child, deleted: false);
        }

        if (directory.IsDeleted)
        {
            return Errno.ENOENT;
        }

        var found = directory.Inode!.Lookup(caller, name);
        if (found.IsOk)
        {
            if (directory.FileSystem.ForgetsNames)
            {
                directory.Prune(this, caller);
            }

            return directory.AddChild(name, found.Value);
        }

        return found.Error == Errno.ENOENT ? directory.AddChild(name, null) : found.Error;
    }
}
