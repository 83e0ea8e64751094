using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.UserFiles;

/// <summary>A regular file.</summary>
internal sealed class UserFileInode(UserFileSystem owner, ulong number, UserFile file) : UserInode(owner, number, file, StatMode.S_IFREG)
{
    internal UserFile File => file;

    /// <summary>Held while the end of the file is found and written.</summary>
    internal Lock Appending { get; } = new();

    internal new UserFileSystem Owner => base.Owner;

    /// <inheritdoc/>
    protected override long Size => file.Length;

    /// <inheritdoc/>
    public override Result<OpenFile> Open(ICaller caller, VfsPath path, OpenFlags flags) => new UserOpenFile(this, path, flags);

    /// <inheritdoc/>
    protected override void SetSize(long size) => file.SetLength(size);
}
