using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>A file system instance (superblock). It may be mounted in many places.</summary>
public abstract class FileSystem
{
    private Dentry? _rootDentry;
    private int _mounts;

    protected FileSystem(VirtualFileSystem vfs, string typeName)
    {
        Vfs = vfs;
        TypeName = typeName;
        Device = vfs.AllocateDevice();
    }

    /// <summary>The kernel's VFS.</summary>
    public VirtualFileSystem Vfs { get; }

    /// <summary>The name in /proc/filesystems.</summary>
    public string TypeName { get; }

    /// <summary>st_dev of its files, major &lt;&lt; 20 | minor.</summary>
    public ulong Device { get; }

    /// <summary>The user namespace that it was mounted in; null for the first one. Its devices are none, and its set-user-ID programs count only there.</summary>
    public UserNamespace? Owner { get; init; }

    /// <summary>The root directory.</summary>
    public abstract Inode Root { get; }

    /// <summary>The root's dentry, one for all mounts.</summary>
    public Dentry RootDentry => Volatile.Read(ref _rootDentry) ?? Interlocked.CompareExchange(ref _rootDentry, new Dentry(this), null) ?? _rootDentry!;

    /// <summary>Options for /proc/mounts, without the generic ones: "size=65536k,mode=755".</summary>
    public virtual string Options => "";

    /// <summary>The file system as a whole refuses changes.</summary>
    public bool IsReadOnly { get; set; }

    /// <summary>True when <see cref="Revalidate"/> must be asked before a cached dentry is used.</summary>
    public virtual bool NeedsRevalidation => false;

    /// <summary>False when names that do not exist must be looked up each time.</summary>
    public virtual bool CachesNegative => true;

    /// <summary>True when names vanish without a word (/proc/PID): cached ones that are no longer valid, and that it did not forget itself, are dropped from time to time.</summary>
    public virtual bool ForgetsNames => false;

    /// <summary>Serializes renames between directories.</summary>
    internal KernelLock RenameLock { get; } = new(LockRank.Rename);

    /// <summary>True when a cached dentry is still what a lookup would find.</summary>
    public virtual bool Revalidate(ICaller caller, Dentry dentry) => true;

    /// <summary>A dentry was just cached after a lookup: the time to set <see cref="Dentry.ValidUntil"/>. The directory's lock is held.</summary>
    public virtual void OnCached(Dentry dentry)
    {
    }

    /// <summary>What statfs(2) tells.</summary>
    public abstract Result<FileSystemStatistics> GetStatistics();

    /// <summary>Writes everything to stable storage.</summary>
    public virtual Errno Sync() => Errno.OK;

    /// <summary>Changes options at a remount. EINVAL for what it does not know.</summary>
    public virtual Errno Remount(string options) => Errno.OK;

    /// <summary>The last mount is gone.</summary>
    protected virtual void OnUnmounted()
    {
    }

    internal void AddMount() => _ = Interlocked.Increment(ref _mounts);

    internal void DropMount()
    {
        if (Interlocked.Decrement(ref _mounts) == 0)
        {
            OnUnmounted();
        }
    }
}
