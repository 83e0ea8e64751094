using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>An open directory: "." and "..", then what the inode lists.</summary>
public sealed class DirectoryFile(Inode inode, VfsPath path, OpenFlags flags) : VfsFile(inode, path, flags)
{
    private const long FirstOwn = 2;

    private readonly Inode _directory = inode;
    private readonly KernelLock _lock = new(LockRank.FilePosition);
    private readonly DirectoryCursor _cursor = new(); // guarded by _lock; its position excludes the dots
    private long _dots;                               // guarded by _lock: 0, 1 or 2

    /// <inheritdoc/>
    public override bool IsSeekable => true;

    /// <inheritdoc/>
    public override Result<int> Read(ICaller caller, Span<byte> destination) => Errno.EISDIR;

    /// <inheritdoc/>
    public override Result<int> ReadAt(ICaller caller, Span<byte> destination, long offset) => Errno.EISDIR;

    /// <inheritdoc/>
    public override Errno Sync(bool dataOnly) => Errno.OK;

    /// <inheritdoc/>
    public override Result<int> ReadDirectory(ICaller caller, IDirectorySink sink)
    {
        using (_lock.Enter())
        {
            if (Path.Dentry.IsDeleted)
            {
                return Errno.ENOENT;
            }

            var counter = new Counter(sink);
            if (_dots == 0)
            {
                if (!counter.Add(".", _directory.Number, 1, DirectoryType.DT_DIR))
                {
                    return counter.Count;
                }

                _dots = 1;
            }

            if (_dots == 1)
            {
                var parent = Path.Dentry.Parent?.Inode ?? _directory;
                if (!counter.Add("..", parent.Number, FirstOwn, DirectoryType.DT_DIR))
                {
                    return counter.Count;
                }

                _dots = FirstOwn;
            }

            var error = _directory.ReadDirectory(caller, _cursor, counter);
            return error != Errno.OK && counter.Count == 0 ? error : counter.Count;
        }
    }

    /// <inheritdoc/>
    public override Result<long> Seek(ICaller caller, long offset, int whence)
    {
        using (_lock.Enter())
        {
            var position = _dots < FirstOwn ? _dots : _cursor.Position + FirstOwn;
            var target = whence switch
            {
                Abi.Seek.SEEK_SET => offset,
                Abi.Seek.SEEK_CUR => position + offset,
                _ => -1,
            };
            if (target < 0)
            {
                return Errno.EINVAL;
            }

            if (target != position)
            {
                _dots = Math.Min(target, FirstOwn);
                _cursor.Position = Math.Max(target - FirstOwn, 0);
                if (target == 0)
                {
                    _cursor.State = null;
                }
            }
            else if (target == 0)
            {
                _cursor.State = null;
            }

            return target;
        }
    }

    /// <summary>Shifts positions past the dots and counts.</summary>
    private sealed class Counter(IDirectorySink sink) : IDirectorySink
    {
        public int Count { get; private set; }

        public bool Add(string name, ulong inode, long next, byte type)
        {
            // The dots call with absolute positions, the file system with its own.
            var shifted = name is "." or ".." ? next : next + FirstOwn;
            if (!sink.Add(name, inode, shifted, type))
            {
                return false;
            }

            Count++;
            return true;
        }
    }
}
