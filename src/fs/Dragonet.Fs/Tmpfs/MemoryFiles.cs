using System.Runtime.CompilerServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Platform;
using Dragonet.Vfs;

namespace Dragonet.Fs.Tmpfs;

/// <summary>Files without a name, on a tmpfs that is mounted nowhere: memfd_create(2) and shared memory.</summary>
public sealed class MemoryFiles
{
    private readonly VirtualFileSystem _vfs;
    private readonly IPlatform _platform;
    private readonly TmpfsOptions _options;
    private readonly Place _common;
    private readonly ConditionalWeakTable<Jail, Place> _ofJails = [];

    /// <summary>Makes the file system. <see cref="Create"/> is a <see cref="MemoryFileFactory"/>.</summary>
    public MemoryFiles(VirtualFileSystem vfs, IPlatform platform, long memory)
    {
        (_vfs, _platform, _options) = (vfs, platform, new TmpfsOptions { Size = memory });
        _common = Make(null);
    }

    /// <summary>Makes a file and opens it.</summary>
    public Result<OpenFile> Create(ICaller caller, string name, uint mode, OpenFlags flags, SealFlags seals)
    {
        // Each jail has a file system of its own for them, and pays for it.
        var (files, mount) = caller is Kernel.Task { Jail: { Parent: not null } jail } ? _ofJails.GetValue(jail, Make) : _common;
        if (!files.TryAddInode())
        {
            return Errno.ENOSPC;
        }

        var node = new NewNode(StatMode.S_IFREG | mode, caller.Credentials.FsUid, caller.Credentials.FsGid);
        var inode = new TmpfsRegular(files, node, seals) { IsTemporary = true, LinksLocked = 0 };
        return inode.Open(caller, new VfsPath(mount, Dentry.CreateDetached(inode, name, deleted: true)), flags);
    }

    private Place Make(Jail? jail)
    {
        var files = new TmpfsFileSystem(_vfs, _platform, _options) { Payer = jail?.Files };
        return new Place(files, _vfs.CreateInternalMount(files));
    }

    private sealed record Place(TmpfsFileSystem Files, Mount Mount);
}
