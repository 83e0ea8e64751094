using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>Root, working directory and file mode mask; shared by the tasks cloned with CLONE_FS. Each property is replaced as a whole. While
/// a task has it, the mounts of both directories are in use.</summary>
public sealed class FsContext(VfsPath root, VfsPath cwd, uint umask)
{
    private readonly KernelLock _lock = new(LockRank.Object);
    private volatile VfsPath _root = root;
    private volatile VfsPath _cwd = cwd;
    private volatile uint _umask = umask;
    private int _tasks; // guarded by _lock

    /// <summary>Where absolute paths start.</summary>
    public VfsPath Root { get => _root; set => Replace(value, isRoot: true); }

    /// <summary>Where relative paths start.</summary>
    public VfsPath Cwd { get => _cwd; set => Replace(value, isRoot: false); }

    /// <summary>umask(2).</summary>
    public uint Umask { get => _umask; set => _umask = value & 0x1ff; }

    /// <summary>A private copy (fork).</summary>
    public FsContext Copy() => new(_root, _cwd, _umask);

    /// <summary>A task has it.</summary>
    internal void Join()
    {
        using (_lock.Enter())
        {
            if (_tasks++ == 0)
            {
                _root.Mount.Hold();
                _cwd.Mount.Hold();
            }
        }
    }

    /// <summary>A task has it no more.</summary>
    internal void Leave()
    {
        VfsPath root, cwd;
        using (_lock.Enter())
        {
            (root, cwd) = (_root, _cwd);
            if (--_tasks != 0)
            {
                return;
            }
        }

        root.Mount.LetGo();
        cwd.Mount.LetGo();
    }

    private void Replace(VfsPath value, bool isRoot)
    {
        VfsPath old;
        using (_lock.Enter())
        {
            (old, _root, _cwd) = isRoot ? (_root, value, _cwd) : (_cwd, _root, value);
            if (_tasks == 0)
            {
                return;
            }

            value.Mount.Hold();
        }

        old.Mount.LetGo(); // with no lock held: it may be the end of a file system
    }
}
