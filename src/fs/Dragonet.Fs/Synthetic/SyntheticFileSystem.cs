using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Synthetic;

/// <summary>A file system whose files are made up when they are read: procfs, sysfs.</summary>
public abstract class SyntheticFileSystem : FileSystem
{
    private readonly long _magic;
    private long _lastNumber = 1;

    /// <param name="vfs">The kernel's VFS.</param>
    /// <param name="typeName">Its type.</param>
    /// <param name="magic">Its number for statfs(2).</param>
    protected SyntheticFileSystem(VirtualFileSystem vfs, string typeName, long magic)
        : base(vfs, typeName)
    {
        _magic = magic;
        Created = vfs.Now;
    }

    /// <summary>The time that its files show.</summary>
    internal long Created { get; }

    /// <summary>A new inode number for a file that stays.</summary>
    internal ulong NextNumber() => (ulong)Interlocked.Increment(ref _lastNumber);

    /// <inheritdoc/>
    public override Result<FileSystemStatistics> GetStatistics() => new FileSystemStatistics { Type = _magic, BlockSize = 4096, NameLength = 255 };
}
