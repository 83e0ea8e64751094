using Dragonet.Abi;

namespace Dragonet.Vfs;

/// <summary>One watch of an inotify instance on an inode.</summary>
internal sealed class InotifyWatch(InotifyInstance instance, Inode inode, int descriptor)
{
    public InotifyInstance Instance { get; } = instance;

    public Inode Inode { get; } = inode;

    /// <summary>The watch descriptor.</summary>
    public int Descriptor { get; } = descriptor;

    /// <summary>Events and flags asked for. Guarded by the instance's lock for writes.</summary>
    public InotifyMask Mask { get; set; }
}
