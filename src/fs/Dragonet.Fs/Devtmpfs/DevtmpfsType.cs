using Dragonet.Abi;
using System.Runtime.CompilerServices;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Fs.Tmpfs;
using Dragonet.Platform;
using Dragonet.Vfs;

namespace Dragonet.Fs.Devtmpfs;

/// <summary>devtmpfs: /dev with a node for every registered device. One instance for each jail, made at its first mount;
/// devices that are registered later appear at the next mount.</summary>
[FileSystem("devtmpfs")]
public sealed class DevtmpfsType(IPlatform platform) : FileSystemType
{
    private readonly Lock _lock = new();
    private readonly ConditionalWeakTable<object, TmpfsFileSystem> _instances = []; // guarded by _lock: each jail has its own

    /// <inheritdoc/>
    public override string Name => "devtmpfs";

    /// <inheritdoc/>
    public override Result<MountSource> Mount(MountRequest request)
    {
        lock (_lock)
        {
            var instance = _instances.GetValue((object?)request.Jail ?? this, _ => new TmpfsFileSystem(request.Vfs, platform, new TmpfsOptions { Mode = 0x1ED, Size = 64 << 20 }, Name) { Payer = (request.Jail as Jail)?.Files });
            Populate(instance, request.Context.Caller, request.Vfs.Devices);
            return new MountSource(instance);
        }
    }

    private static void Populate(TmpfsFileSystem fileSystem, ICaller caller, DeviceRegistry devices)
    {
        var root = fileSystem.Root;
        foreach (var node in devices.Nodes)
        {
            var directory = root;
            var name = node.Name;
            for (var slash = name.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = name.IndexOf('/', StringComparison.Ordinal))
            {
                directory = Directory(directory, caller, name[..slash], 0x1ED);
                name = name[(slash + 1)..];
            }

            _ = directory.MakeNode(caller, name, new NewNode(node.Mode, 0, Group(node.Name), node.Device));
        }

        // Nodes that programs expect even where nobody drives them: opening answers ENXIO.
        Character(root, caller, "tty", 0x1B6, 5, 0);
        Character(root, caller, "console", 0x180, 5, 1);
        Character(root, caller, "ptmx", 0x1B6, 5, 2);
        Link(root, caller, "fd", "/proc/self/fd");
        Link(root, caller, "stdin", "/proc/self/fd/0");
        Link(root, caller, "stdout", "/proc/self/fd/1");
        Link(root, caller, "stderr", "/proc/self/fd/2");
        _ = Directory(root, caller, "shm", 0x3FF);
        _ = Directory(root, caller, "pts", 0x1ED);
        _ = Directory(root, caller, "mqueue", 0x3FF);
    }

    private static uint Group(string name) => name is "tty" or "ptmx" ? 5u : 0;

    private static void Character(Inode root, ICaller caller, string name, uint mode, uint major, uint minor)
        => _ = root.MakeNode(caller, name, new NewNode(StatMode.S_IFCHR | mode, 0, Group(name), DeviceNumber.Make(major, minor)));

    private static void Link(Inode root, ICaller caller, string name, string target)
        => _ = root.MakeSymbolicLink(caller, name, target, new NewNode(StatMode.S_IFLNK | StatMode.S_IRWXUGO, 0, 0));

    private static Inode Directory(Inode parent, ICaller caller, string name, uint mode)
        => parent.MakeDirectory(caller, name, new NewNode(StatMode.S_IFDIR | mode, 0, 0)).Ok(out var made) ? made : parent.Lookup(caller, name).Value;
}
