using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Synthetic;

/// <summary>A file whose text is made when it is read from its start.</summary>
public class TextFile : SyntheticInode
{
    private readonly Func<ICaller, string>? _read;
    private readonly Func<ICaller, string, Errno>? _write;

    /// <param name="owner">The file system.</param>
    /// <param name="read">Makes the text, bytes as chars.</param>
    /// <param name="write">Takes what is written, without a final newline; null when nothing may be.</param>
    /// <param name="permissions">Permission bits; 0 for 0444, or 0644 with a writer.</param>
    /// <param name="number">Inode number; 0 for a new one.</param>
    public TextFile(SyntheticFileSystem owner, Func<ICaller, string>? read, Func<ICaller, string, Errno>? write = null, uint permissions = 0, ulong number = 0)
        : base(owner, StatMode.S_IFREG | (permissions != 0 ? permissions : write is null ? 0x124u : 0x1A4), number)
    {
        _read = read;
        _write = write;
    }

    /// <summary>The text; EINVAL for files that are only written.</summary>
    public virtual Result<byte[]> GetContent(ICaller caller) => _read is null ? Errno.EINVAL : ByteString.ToBytes(_read(caller));

    /// <summary>Takes what is written.</summary>
    public virtual Errno SetContent(ICaller caller, string text) => _write is null ? Errno.EPERM : _write(caller, text);

    /// <inheritdoc/>
    public override Result<OpenFile> Open(ICaller caller, VfsPath path, OpenFlags flags) => new TextFileHandle(this, path, flags);
}
