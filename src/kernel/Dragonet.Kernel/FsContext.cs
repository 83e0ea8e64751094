using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>Root, working directory and file mode mask; shared by the tasks cloned with CLONE_FS. Each property is replaced as a whole.</summary>
public sealed class FsContext(VfsPath root, VfsPath cwd, uint umask)
{
    private volatile VfsPath _root = root;
    private volatile VfsPath _cwd = cwd;
    private volatile uint _umask = umask;

    /// <summary>Where absolute paths start.</summary>
    public VfsPath Root { get => _root; set => _root = value; }

    /// <summary>Where relative paths start.</summary>
    public VfsPath Cwd { get => _cwd; set => _cwd = value; }

    /// <summary>umask(2).</summary>
    public uint Umask { get => _umask; set => _umask = value & 0x1ff; }

    /// <summary>A private copy (fork).</summary>
    public FsContext Copy() => new(_root, _cwd, _umask);
}
