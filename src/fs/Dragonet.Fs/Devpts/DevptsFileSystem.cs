using System.Collections.Concurrent;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet.Fs.Devpts;

/// <summary>The one devpts of a kernel.</summary>
internal sealed class DevptsFileSystem : FileSystem
{
    private readonly ConcurrentDictionary<PtyEntry, DevptsNode> _nodes = new();

    public DevptsFileSystem(VirtualFileSystem vfs, Dragonet.Kernel.Kernel kernel)
        : base(vfs, "devpts")
    {
        Kernel = kernel;
        Root = new DevptsRoot(this, vfs.Now);
        Ptmx = new DevptsNode(this, 2, new PtyEntry(kernel.Jails.Root, -1, 0, 0, vfs.Now) { Permissions = 0 }, DeviceNumber.Make(5, 2));
    }

    /// <summary>Whose terminals.</summary>
    public Dragonet.Kernel.Kernel Kernel { get; }

    /// <inheritdoc/>
    public override Inode Root { get; }

    /// <summary>The node "ptmx".</summary>
    public DevptsNode Ptmx { get; }

    /// <inheritdoc/>
    public override string Options => "gid=5,mode=620,ptmxmode=" + Convert.ToString(Ptmx.Mode & 0x1ff, 8).PadLeft(3, '0');

    /// <inheritdoc/>
    public override bool NeedsRevalidation => true;

    /// <inheritdoc/>
    public override bool CachesNegative => false;

    /// <summary>ptmxmode=.</summary>
    public void SetPtmxMode(uint mode) => Ptmx.Entry.Permissions = mode;

    /// <inheritdoc/>
    public override bool Revalidate(ICaller caller, Dentry dentry) =>
        dentry.Inode is not DevptsNode node || node == Ptmx || (Kernel.Ptys.Find(node.Entry.Index) == node.Entry && Jail.Of(caller, Kernel).Sees(node.Entry.Jail));

    /// <inheritdoc/>
    public override Result<FileSystemStatistics> GetStatistics() =>
        new FileSystemStatistics { Type = 0x1cd1, BlockSize = 4096, NameLength = 255 };

    /// <summary>The node of a terminal; always the same one, so that it keeps its locks and watches.</summary>
    public DevptsNode NodeOf(PtyEntry entry)
    {
        foreach (var (old, _) in _nodes)
        {
            if (Kernel.Ptys.Find(old.Index) != old)
            {
                _ = _nodes.TryRemove(old, out _);
            }
        }

        return _nodes.GetOrAdd(entry, static (e, fs) => new DevptsNode(fs, (ulong)e.Index + 3, e, DeviceNumber.Make(PtyTable.Major, (uint)e.Index)), this);
    }
}
