using System.Collections.Concurrent;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>The devices of a kernel: who opens which number, and which nodes /dev starts with. Thread-safe.</summary>
public sealed class DeviceRegistry
{
    private readonly ConcurrentDictionary<(bool Block, ulong Device), DeviceOpener> _exact = new();
    private readonly ConcurrentDictionary<(bool Block, uint Major), DeviceOpener> _majors = new();
    private readonly ConcurrentQueue<DeviceNode> _nodes = new();

    /// <summary>The nodes in the order they were registered.</summary>
    public IReadOnlyCollection<DeviceNode> Nodes => _nodes;

    /// <summary>Registers a character device and its node.</summary>
    public void AddCharacter(string name, uint permissions, uint major, uint minor, DeviceOpener opener)
    {
        var device = DeviceNumber.Make(major, minor);
        _exact[(false, device)] = opener;
        _nodes.Enqueue(new DeviceNode(name, StatMode.S_IFCHR | permissions, device));
    }

    /// <summary>Registers a block device and its node.</summary>
    public void AddBlock(string name, uint permissions, uint major, uint minor, DeviceOpener opener)
    {
        var device = DeviceNumber.Make(major, minor);
        _exact[(true, device)] = opener;
        _nodes.Enqueue(new DeviceNode(name, StatMode.S_IFBLK | permissions, device));
    }

    /// <summary>Registers every minor number of a major (terminals); the nodes are made by others.</summary>
    public void AddMajor(bool block, uint major, DeviceOpener opener) => _majors[(block, major)] = opener;

    /// <summary>Opens a node. ENXIO when nobody drives it.</summary>
    internal Result<OpenFile> Open(ICaller caller, VfsPath path, OpenFlags flags)
    {
        var inode = path.Inode;
        var block = inode.Type == StatMode.S_IFBLK;
        var device = inode.RawDevice;
        return _exact.TryGetValue((block, device), out var opener) || _majors.TryGetValue((block, DeviceNumber.Major(device)), out opener)
            ? opener(caller, device, path, flags)
            : Errno.ENXIO;
    }
}
