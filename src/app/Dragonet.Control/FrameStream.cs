using System.Buffers.Binary;
using System.IO;
using System.Text;

namespace Dragonet.Control;

/// <summary>Bytes in frames as a stream: either what comes (<see cref="FrameKind.Output"/> or <see cref="FrameKind.Input"/>), or what goes.</summary>
/// <param name="frames">The connection.</param>
/// <param name="kind">Which frames carry the bytes.</param>
/// <param name="writes">It is for writing.</param>
public sealed class FrameStream(FrameChannel frames, FrameKind kind, bool writes) : Stream
{
    private ReadOnlyMemory<byte> _rest;
    private bool _ended;

    /// <inheritdoc/>
    public override bool CanRead => !writes;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => writes;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        while (_rest.IsEmpty && !_ended)
        {
            var frame = frames.Read() ?? throw new IOException("the other side is gone");
            if (frame.Kind == kind)
            {
                _rest = frame.Bytes;
                _ended = kind == FrameKind.Input && frame.Bytes.IsEmpty;
            }
            else
            {
                _ended = frame.Kind switch
                {
                    FrameKind.Exit when frame.Bytes.Length == 4 && BinaryPrimitives.ReadInt32LittleEndian(frame.Bytes.Span) == 0 => true,
                    FrameKind.Error => throw new IOException(Encoding.UTF8.GetString(frame.Bytes.Span)),
                    _ => throw new IOException("a frame that does not belong here"),
                };
            }
        }

        var count = Math.Min(buffer.Length, _rest.Length);
        _rest.Span[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        for (; !buffer.IsEmpty; buffer = buffer[Math.Min(buffer.Length, Frame.Most)..])
        {
            frames.Write(kind, buffer[..Math.Min(buffer.Length, Frame.Most)]);
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
        // a frame is sent when it is written
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
}
