using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Synthetic;

/// <summary>An open text file: what was read at offset 0 stays the text until the next read there (seq_file). The text is made, and
/// taken, with no lock held: that may look at anything in the kernel.</summary>
internal class TextFileHandle(TextFile inode, VfsPath path, OpenFlags flags) : SeekableFile(inode, path, flags)
{
    private volatile byte[]? _content;

    /// <inheritdoc/>
    public override Result<int> Read(ICaller caller, Span<byte> destination)
    {
        var error = CanRead ? Refresh(caller, Position) : Errno.EBADF;
        return error == Errno.OK ? base.Read(caller, destination) : error;
    }

    /// <inheritdoc/>
    public override Result<int> ReadAt(ICaller caller, Span<byte> destination, long offset)
    {
        var error = CanRead ? Refresh(caller, offset) : Errno.EBADF;
        return error == Errno.OK ? base.ReadAt(caller, destination, offset) : error;
    }

    /// <inheritdoc/>
    public override Result<int> Write(ICaller caller, ReadOnlySpan<byte> source)
    {
        var error = Store(caller, source, Position);
        return error == Errno.OK ? base.Write(caller, source) : error;
    }

    /// <inheritdoc/>
    public override Result<int> WriteAt(ICaller caller, ReadOnlySpan<byte> source, long offset)
    {
        var error = offset < 0 ? Errno.EINVAL : Store(caller, source, offset);
        return error == Errno.OK ? source.Length : error;
    }

    /// <inheritdoc/>
    protected override Result<int> ReadData(ICaller caller, Span<byte> destination, long offset)
    {
        var content = _content ?? [];
        var count = (int)Math.Clamp(content.Length - offset, 0, destination.Length);
        content.AsSpan((int)Math.Min(offset, content.Length), count).CopyTo(destination);
        return count;
    }

    /// <inheritdoc/>
    protected override Result<int> WriteData(ICaller caller, ReadOnlySpan<byte> source, long offset, bool append, long limit, out long end)
    {
        end = offset + source.Length;
        return source.Length;
    }

    /// <inheritdoc/>
    protected override Result<long> GetSize() => 0;

    /// <summary>The text for a reader.</summary>
    protected virtual Result<byte[]> GetContent(ICaller caller) => inode.GetContent(caller);

    private Errno Refresh(ICaller caller, long offset)
    {
        if (offset < 0)
        {
            return Errno.EINVAL;
        }

        if (offset == 0 || _content is null)
        {
            if (!GetContent(caller).Ok(out var content, out var error))
            {
                return error;
            }

            _content = content;
        }

        return Errno.OK;
    }

    /// <summary>Takes what is written.</summary>
    protected virtual Errno Store(ICaller caller, ReadOnlySpan<byte> source, long offset)
    {
        if (!CanWrite)
        {
            return Errno.EBADF;
        }

        var text = ByteString.FromBytes(source);
        return inode.SetContent(caller, text.EndsWith('\n') ? text[..^1] : text);
    }
}
