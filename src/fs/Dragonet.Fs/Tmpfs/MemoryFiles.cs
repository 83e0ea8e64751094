using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;
using Dragonet.Vfs;

namespace Dragonet.Fs.Tmpfs;

/// <summary>Files without a name, on a tmpfs that is mounted nowhere: memfd_create(2) and shared memory.</summary>
public sealed class MemoryFiles
{
    private readonly TmpfsFileSystem _fileSystem;
    private readonly Mount _mount;

    /// <summary>Makes the file system. <see cref="Create"/> is a <see cref="MemoryFileFactory"/>.</summary>
    public MemoryFiles(VirtualFileSystem vfs, IPlatform platform, long memory)
    {
        _fileSystem = new TmpfsFileSystem(vfs, platform, new TmpfsOptions { Size = memory });
        _mount = vfs.CreateInternalMount(_fileSystem);
    }

    /// <summary>Makes a file and opens it.</summary>
    public Result<OpenFile> Create(ICaller caller, string name, uint mode, OpenFlags flags, SealFlags seals)
    {
        if (!_fileSystem.TryAddInode())
        {
            return Errno.ENOSPC;
        }

        var node = new NewNode(StatMode.S_IFREG | mode, caller.Credentials.FsUid, caller.Credentials.FsGid);
        var inode = new TmpfsRegular(_fileSystem, node, seals) { IsTemporary = true, LinksLocked = 0 };
        return inode.Open(caller, new VfsPath(_mount, Dentry.CreateDetached(inode, name, deleted: true)), flags);
    }
}
