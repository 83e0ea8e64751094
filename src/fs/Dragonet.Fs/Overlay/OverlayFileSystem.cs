using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Overlay;

/// <summary>
/// Layers shown as one tree: read-only lower directories under a writable upper one. It works on the inodes of the layers, not on their
/// names, so that a cached name of a lower file costs nothing more than a cached name. Layers must not be changed behind its back.
/// </summary>
public sealed class OverlayFileSystem : FileSystem
{
    private readonly OverlayInode _root;
    private readonly ConditionalWeakTable<Inode, OverlayInode> _linked = [];
    private readonly ConcurrentDictionary<ulong, ulong> _devices = new();
    private long _lastTemporary;

    /// <param name="vfs">The kernel's VFS.</param>
    /// <param name="caller">Who mounts.</param>
    /// <param name="upper">The writable directory, or null for a read-only overlay.</param>
    /// <param name="work">An empty directory of the same file system as <paramref name="upper"/>.</param>
    /// <param name="lowers">The read-only directories, the topmost first.</param>
    public OverlayFileSystem(VirtualFileSystem vfs, ICaller caller, Inode? upper, Inode? work, IReadOnlyList<Inode> lowers)
        : base(vfs, "overlay")
    {
        Work = work;
        Lowers = [.. lowers];
        IsReadOnly = upper is null;
        Marks = new OverlayMarks(work, caller);
        LayerMount = vfs.CreateInternalMount((upper ?? lowers[0]).FileSystem);
        _root = new OverlayInode(this, upper, Lowers, "", null);
        if (work is not null)
        {
            ClearWork(caller, work);
        }
    }

    /// <summary>An overlay whose changes go to a file system of its own, in its directories "upper" and "work".</summary>
    public static Result<OverlayFileSystem> Create(VirtualFileSystem vfs, ICaller caller, FileSystem writable, IReadOnlyList<Inode> lowers)
        => Create(vfs, caller, writable.Root, lowers);

    /// <summary>An overlay whose changes go to the directories "upper" and "work" of a directory; what they hold already is shown.</summary>
    public static Result<OverlayFileSystem> Create(VirtualFileSystem vfs, ICaller caller, Inode writable, IReadOnlyList<Inode> lowers)
    {
        // The upper root shows the attributes of the merged root.
        var like = lowers[0];
        if (!Directory(caller, writable, "upper", like.Mode & StatMode.S_IALLUGO, like.Uid, like.Gid).Ok(out var upper, out var error)
            || !Directory(caller, writable, "work", 0x1C0, 0, 0).Ok(out var work, out error))
        {
            return error;
        }

        return new OverlayFileSystem(vfs, caller, upper, work, lowers);
    }

    /// <summary>An overlay of its own with the same lower layers, whose changes begin as a copy of ours.</summary>
    /// <param name="caller">Who mounts.</param>
    /// <param name="writable">The copy of the file system whose directory <see cref="UpperFileSystem"/> is ours.</param>
    public Result<OverlayFileSystem> Copy(ICaller caller, FileSystem writable) => Create(Vfs, caller, writable, Lowers);

    /// <inheritdoc/>
    public override Inode Root => _root;

    /// <summary>What /proc/mounts shows.</summary>
    public string OptionText { get; init; } = "";

    /// <inheritdoc/>
    public override string Options => OptionText;

    /// <summary>Where changes go; null when read-only.</summary>
    public FileSystem? UpperFileSystem => _root.Upper?.FileSystem;

    /// <summary>Where new files are made before they are moved into place; null when read-only.</summary>
    internal Inode? Work { get; }

    internal Inode[] Lowers { get; }

    internal OverlayMarks Marks { get; }

    /// <summary>The mount that open files of the layers are in.</summary>
    internal Mount LayerMount { get; }

    /// <inheritdoc/>
    public override Result<FileSystemStatistics> GetStatistics()
    {
        var result = (_root.Upper ?? Lowers[0]).FileSystem.GetStatistics();
        return result.IsOk ? result.Value with { Type = Magic.OVERLAYFS_SUPER_MAGIC } : result;
    }

    /// <inheritdoc/>
    public override Errno Sync() => _root.Upper?.FileSystem.Sync() ?? Errno.OK;

    /// <summary>A name in the work directory.</summary>
    internal string NextTemporary() => "#" + Interlocked.Increment(ref _lastTemporary).ToString("x", CultureInfo.InvariantCulture);

    /// <summary>The overlay's inode of a layer's file with several names: one for all of them.</summary>
    internal OverlayInode Shared(Inode real, Func<OverlayInode> make) => _linked.GetValue(real, _ => make());

    /// <summary>A file got a second name.</summary>
    internal void Remember(Inode real, OverlayInode inode) => _linked.TryAdd(real, inode);

    /// <summary>st_dev of a lower file: the overlay's own, but for layers (or parts of them) on other devices, whose inode numbers could meet.</summary>
    internal ulong DeviceOf(ulong layerDevice)
        => layerDevice == Lowers[0].FileSystem.Device ? Device : _devices.GetOrAdd(layerDevice, static (_, vfs) => vfs.AllocateDevice(), Vfs);

    /// <summary>A directory of the lower layers by its path from their roots.</summary>
    internal Inode[] ResolveLower(ICaller caller, string path)
    {
        var found = new List<Inode>();
        foreach (var root in Lowers)
        {
            var directory = root;
            foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
            {
                if (directory is null || !directory.Lookup(caller, part).Ok(out directory) || !directory.IsDirectory)
                {
                    directory = null;
                    break;
                }
            }

            if (directory is not null)
            {
                found.Add(directory);
            }
        }

        return [.. found];
    }

    private static Result<Inode> Directory(ICaller caller, Inode parent, string name, uint permissions, uint uid, uint gid)
    {
        var made = parent.MakeDirectory(caller, name, new NewNode(StatMode.S_IFDIR | permissions, uid, gid));
        return made.Error == Errno.EEXIST ? parent.Lookup(caller, name) : made;
    }

    /// <summary>Whatever an interrupted change left.</summary>
    private static void ClearWork(ICaller caller, Inode work)
    {
        foreach (var (name, _, _) in OverlayListing.Names(work, caller))
        {
            if (work.Lookup(caller, name).Ok(out var left))
            {
                OverlayListing.RemoveTree(caller, work, name, left);
            }
        }
    }
}
