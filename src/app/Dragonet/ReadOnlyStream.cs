using System.IO;

namespace Dragonet;

/// <summary>A stream of a known length over something that is read at places.</summary>
internal abstract class ReadOnlyStream(long length) : Stream
{
    private long _at;
    private bool _closed;

    /// <inheritdoc/>
    public sealed override bool CanRead => true;

    /// <inheritdoc/>
    public sealed override bool CanSeek => true;

    /// <inheritdoc/>
    public sealed override bool CanWrite => false;

    /// <inheritdoc/>
    public sealed override long Length => length;

    /// <inheritdoc/>
    public sealed override long Position
    {
        get => _at;
        set => _at = Math.Clamp(value, 0, length);
    }

    /// <inheritdoc/>
    public sealed override int Read(Span<byte> buffer)
    {
        buffer = buffer[..(int)Math.Min(buffer.Length, length - _at)];
        var count = buffer.IsEmpty ? 0 : ReadAt(buffer, _at);
        _at += count;
        return count;
    }

    /// <inheritdoc/>
    public sealed override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public sealed override void Flush()
    {
        // nothing is written
    }

    /// <inheritdoc/>
    public sealed override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _at + offset,
        _ => length + offset,
    };

    /// <inheritdoc/>
    public sealed override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public sealed override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Reads at a place; 0 at the end.</summary>
    protected abstract int ReadAt(Span<byte> buffer, long offset);

    /// <summary>Gives back what it reads from, once.</summary>
    protected abstract void Close(bool disposing);

    /// <inheritdoc/>
    protected sealed override void Dispose(bool disposing)
    {
        if (disposing && !_closed)
        {
            _closed = true;
            Close(disposing);
        }

        base.Dispose(disposing);
    }
}
