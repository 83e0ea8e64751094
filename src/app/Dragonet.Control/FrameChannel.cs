using System.Buffers.Binary;
using System.IO;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Dragonet.Control;

/// <summary>
/// Frames over a stream: one byte for the kind, four for the length, the bytes. Writers may be many, readers one, and anybody may close the
/// stream meanwhile: that is an <see cref="IOException"/>, as when the other side has closed it.
/// </summary>
/// <param name="stream">The stream.</param>
/// <param name="most">Most bytes of a frame that is read.</param>
public sealed class FrameChannel(Stream stream, int most = Frame.Most)
{
    private readonly Lock _writing = new();

    /// <summary>Sends a frame.</summary>
    /// <exception cref="IOException">The other side is gone.</exception>
    public void Write(FrameKind kind, ReadOnlySpan<byte> bytes)
    {
        Span<byte> head = stackalloc byte[5];
        head[0] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(head[1..], bytes.Length);
        try
        {
            lock (_writing)
            {
                stream.Write(head);
                if (!bytes.IsEmpty)
                {
                    stream.Write(bytes); // to write nothing fails, too, where the other side has closed
                }
            }
        }
        catch (InvalidOperationException failure)
        {
            throw Closed(failure);
        }
    }

    /// <summary>Sends a value as JSON.</summary>
    /// <exception cref="IOException">The other side is gone.</exception>
    public void Write<T>(FrameKind kind, T value, JsonTypeInfo<T> type) => Write(kind, JsonSerializer.SerializeToUtf8Bytes(value, type));

    /// <summary>The next frame; null when the other side has closed.</summary>
    /// <exception cref="ControlException">It is no frame, or too long.</exception>
    /// <exception cref="IOException">The other side is gone.</exception>
    public Frame? Read()
    {
        Span<byte> head = stackalloc byte[5];
        var count = ReadAll(head);
        if (count < head.Length)
        {
            return count == 0 ? null : throw new IOException("a frame ended early");
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(head[1..]);
        if (length < 0 || length > most || head[0] is < (byte)FrameKind.Request or > (byte)FrameKind.Exit)
        {
            throw new ControlException("what was received is no frame");
        }

        var bytes = new byte[length];
        return ReadAll(bytes) == length ? new Frame((FrameKind)head[0], bytes) : throw new IOException("a frame ended early");
    }

    private int ReadAll(Span<byte> bytes)
    {
        try
        {
            return stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        }
        catch (InvalidOperationException failure)
        {
            throw Closed(failure);
        }
    }

    /// <summary>
    /// A stream that is closed at this moment says so with an <see cref="ObjectDisposedException"/>, which is an
    /// <see cref="InvalidOperationException"/>; a <see cref="System.Net.Sockets.NetworkStream"/> that is closed between its first and its
    /// second look at itself says with a plain one that it cannot be read or written.
    /// </summary>
    private static IOException Closed(InvalidOperationException failure) => new("the connection was closed here", failure);

    /// <summary>Makes a value out of a frame.</summary>
    /// <exception cref="ControlException">It is another kind of frame, or no such value.</exception>
    public static T Parse<T>(Frame? frame, FrameKind kind, JsonTypeInfo<T> type)
    {
        if (frame is not { } given || given.Kind != kind)
        {
            throw new ControlException(frame is null ? "the connection was closed" : $"a frame of kind {kind} was expected");
        }

        try
        {
            return JsonSerializer.Deserialize(given.Bytes.Span, type) ?? throw new ControlException("an empty message");
        }
        catch (JsonException failure)
        {
            throw new ControlException("a message that is no JSON, or of another shape", failure);
        }
    }
}
