using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Memory;
using Dragonet.Platform;
using Dragonet.Vfs;

namespace Dragonet.Fs.Tmpfs;

/// <summary>A tmpfs. Also what devtmpfs, the memory files of memfd_create(2) and an overlay's upper layer are made of.</summary>
public sealed class TmpfsFileSystem : FileSystem, IMemoryAccount
{
    private readonly Func<Result<IMemoryBacking>> _allocate;
    private readonly TmpfsDirectory _root;
    private TmpfsOptions _options;
    private long _bytes;
    private const long InodeSize = 1024; // what is paid for a name in a user namespace, beyond the limit of inodes

    private long _inodes;
    private long _lastNumber;

    /// <param name="vfs">The kernel's VFS.</param>
    /// <param name="platform">Gives memory.</param>
    /// <param name="options">Limits and the root's attributes.</param>
    /// <param name="typeName">The type that /proc/mounts shows.</param>
    public TmpfsFileSystem(VirtualFileSystem vfs, IPlatform platform, TmpfsOptions options, string typeName = "tmpfs")
        : this(vfs, () => platform.CreateMemory("tmpfs"), options, typeName)
    {
    }

    /// <param name="vfs">The kernel's VFS.</param>
    /// <param name="allocate">Makes mappable memory.</param>
    /// <param name="options">Limits and the root's attributes.</param>
    /// <param name="typeName">The type that /proc/mounts shows.</param>
    public TmpfsFileSystem(VirtualFileSystem vfs, Func<Result<IMemoryBacking>> allocate, TmpfsOptions options, string typeName = "tmpfs")
        : base(vfs, typeName)
    {
        _allocate = allocate;
        _options = options;
        _inodes = 1;
        _root = new TmpfsDirectory(this, new NewNode(StatMode.S_IFDIR | options.Mode, options.Uid, options.Gid)) { LinksLocked = 2 };
    }

    private TmpfsFileSystem(TmpfsFileSystem original)
        : base(original.Vfs, original.TypeName)
    {
        _allocate = original._allocate;
        _options = original._options;
        _inodes = 1;
        _lastNumber = Volatile.Read(ref original._lastNumber);
        _root = (TmpfsDirectory)original._root.CopyLocked(this).Value;
    }

    /// <summary>
    /// A file system of its own that holds at first what this one holds at this moment, open files without a name left out. Data is shared
    /// until either side changes it, so only the number of files costs time. ENOSPC when who pays for the copy refuses.
    /// </summary>
    /// <param name="payer">The jail that pays for the copy, as if it were one at once.</param>
    public Result<TmpfsFileSystem> Copy(JailFileMemory? payer)
    {
        TmpfsFileSystem copy;
        Errno error;
        using (Names.Enter())
        {
            copy = new TmpfsFileSystem(this) { Payer = payer, Disk = Disk is null ? null : payer?.Disk };
            error = _root.CopyTreeLocked(copy._root);
        }

        if (error == Errno.OK)
        {
            return copy;
        }

        copy._root.FreeTree();
        return error;
    }

    /// <inheritdoc/>
    public override Inode Root => _root;

    /// <summary>The jail that pays for the files; null when nobody in particular does.</summary>
    public JailFileMemory? Payer { get; init; }

    /// <summary>Counts the files as the jail's disk, too: a layer of its own. Null for others.</summary>
    public JailDisk? Disk { get; init; }

    /// <summary>Guards names and link counts of the whole file system. Taken before an inode's own lock.</summary>
    internal KernelLock Names { get; } = new(LockRank.Inode);

    /// <inheritdoc/>
    public override string Options
    {
        get
        {
            var text = new StringBuilder();
            if (_options.Size != long.MaxValue)
            {
                _ = text.Append(",size=").Append(_options.Size / 1024).Append('k');
            }

            if (_options.Inodes != long.MaxValue)
            {
                _ = text.Append(",nr_inodes=").Append(_options.Inodes);
            }

            if (_options.Mode != 0x3FF)
            {
                _ = text.Append(",mode=").Append(Convert.ToString(_options.Mode, 8));
            }

            return text.Length == 0 ? "" : text.ToString(1, text.Length - 1);
        }
    }

    /// <inheritdoc/>
    public override Result<FileSystemStatistics> GetStatistics()
    {
        // What is left is what the jail has left, too (df shows it).
        var used = Volatile.Read(ref _bytes);
        var left = Payer is { Limit: < long.MaxValue } payer ? Math.Max(payer.Limit - payer.Used, 0) : long.MaxValue;
        left = Math.Min(left, Disk?.Left ?? long.MaxValue);
        var size = left == long.MaxValue ? _options.Size : Math.Min(_options.Size, used + left);
        var limited = size != long.MaxValue;
        var free = limited ? Math.Max(size - used, 0) / 4096 : 0;
        var files = _options.Inodes != long.MaxValue ? _options.Inodes : 0;
        return new FileSystemStatistics
        {
            Type = Magic.TMPFS_MAGIC,
            BlockSize = 4096,
            Blocks = limited ? (ulong)size / 4096 : 0,
            FreeBlocks = (ulong)free,
            AvailableBlocks = (ulong)free,
            Files = (ulong)files,
            FreeFiles = (ulong)Math.Max(files - Volatile.Read(ref _inodes), 0),
            NameLength = 255,
        };
    }

    /// <inheritdoc/>
    public override Errno Remount(string options)
    {
        var request = new MountRequest(Vfs, default, "", MountFlags.None, options);
        if (!TmpfsOptions.Parse(request, _options, long.MaxValue).Ok(out var changed, out var error))
        {
            return error;
        }

        if (changed.Size < Volatile.Read(ref _bytes) || changed.Inodes < Volatile.Read(ref _inodes))
        {
            return Errno.EINVAL;
        }

        _options = changed;
        return Errno.OK;
    }

    /// <inheritdoc/>
    public bool TryCharge(long bytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) <= _options.Size && Disk?.TryCharge(bytes) != false)
        {
            if ((Payer ?? Vfs.FileMemory)?.TryCharge(bytes) != false)
            {
                return true;
            }

            Disk?.Release(bytes);
        }

        _ = Interlocked.Add(ref _bytes, -bytes);
        return false;
    }

    /// <inheritdoc/>
    public void Release(long bytes)
    {
        _ = Interlocked.Add(ref _bytes, -bytes);
        Disk?.Release(bytes);
        (Payer ?? Vfs.FileMemory)?.Release(bytes);
    }

    internal ulong NextNumber() => (ulong)Interlocked.Increment(ref _lastNumber);

    /// <summary>Counts one more inode; false beyond the limit.</summary>
    internal bool TryAddInode()
    {
        if (Interlocked.Increment(ref _inodes) <= _options.Inodes && (Owner is null || (Payer ?? Vfs.FileMemory)?.TryCharge(InodeSize) != false))
        {
            return true;
        }

        _ = Interlocked.Decrement(ref _inodes);
        return false;
    }

    internal void DropInode()
    {
        _ = Interlocked.Decrement(ref _inodes);
        if (Owner is not null)
        {
            (Payer ?? Vfs.FileMemory)?.Release(InodeSize);
        }
    }

    /// <summary>Nobody reaches its names any more. One that a user mounted for himself gives its memory back, since he may make many.</summary>
    protected override void OnUnmounted()
    {
        if (Owner is not null)
        {
            _root.Purge();
        }
    }

    internal FileMemory NewMemory() => new(_allocate, this);
}
